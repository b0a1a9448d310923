import java.util.Objects;
import java.util.function.Supplier;

/** What ends the program at a difference. */
final class Check {
    static void same(Object found, Object expected) {
        if (!Objects.equals(found, expected)) {
            throw new AssertionError(found + " is not " + expected);
        }
    }

    /** Looks until it sees what is wanted, for ten seconds. */
    static void until(Object wanted, Supplier<Object> look) {
        Object found = null;
        for (int tries = 0; tries < 40; tries++) {
            found = look.get();
            if (wanted.equals(found)) {
                return;
            }
            pause();
        }
        throw new AssertionError("still " + found + ", not " + wanted);
    }

    static void pause() {
        try {
            Thread.sleep(250);
        } catch (InterruptedException error) {
            throw new IllegalStateException(error);
        }
    }

    static void done(String step) {
        System.out.println("Java: " + step);
    }

    private Check() {}
}
