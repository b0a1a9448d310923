package main

import (
	"fmt"
	"os"
	"reflect"
	"time"
)

// same ends the program where the two are not equal.
func same[T any](found, expected T) {
	if !reflect.DeepEqual(found, expected) {
		fail("%v is not %v", found, expected)
	}
}

// must ends the program at an error.
func must[T any](answer T, err error) T {
	if err != nil {
		fail("%v", err)
	}
	return answer
}

// until looks until it sees what is wanted, for ten seconds.
func until[T comparable](wanted T, look func() T) {
	var found T
	for range 40 {
		if found = look(); found == wanted {
			return
		}
		time.Sleep(250 * time.Millisecond)
	}
	fail("still %v, not %v", found, wanted)
}

func done(format string, arguments ...any) {
	fmt.Printf("Go: "+format+"\n", arguments...)
}

func fail(format string, arguments ...any) {
	panic(fmt.Sprintf("Go: "+format, arguments...))
}

func required(variable string) string {
	value := os.Getenv(variable)
	if value == "" {
		fail("%s is not set", variable)
	}
	return value
}
