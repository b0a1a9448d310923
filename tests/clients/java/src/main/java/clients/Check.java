package clients;

import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** How a step is checked and told. It knows no Kinesis. */
final class Check {
    private Check() {}

    static void same(Object found, Object expected) {
        if (!Objects.equals(found, expected)) {
            throw new AssertionError(found + " is not " + expected);
        }
    }

    static void that(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }

    /** The answer, or the SDK's own exception. */
    static <T> T answer(CompletableFuture<T> future) throws Exception {
        try {
            return future.get(30, TimeUnit.SECONDS);
        } catch (ExecutionException failed) {
            if (failed.getCause() instanceof Exception cause) {
                throw cause;
            }
            throw failed;
        }
    }

    /** A look at the server, which may fail. */
    interface Look<T> {
        T look() throws Exception;
    }

    /** Looks until it sees what is wanted, for ten seconds. */
    static <T> void until(T wanted, Look<T> look) throws Exception {
        T found = null;
        for (int turn = 0; turn < 40; turn++) {
            found = look.look();
            if (Objects.equals(found, wanted)) {
                return;
            }
            Thread.sleep(250);
        }
        throw new AssertionError("still " + found + ", not " + wanted);
    }

    static void done(String step) {
        System.out.println("Java: " + step);
    }

    static String required(String variable) {
        Supplier<AssertionError> missing = () -> new AssertionError(variable + " is not set");
        return Optional.ofNullable(System.getenv(variable)).orElseThrow(missing);
    }
}
