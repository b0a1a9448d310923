package clients;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.Protocol;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.retries.DefaultRetryStrategy;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;

/**
 * The asynchronous client of the AWS SDK for Java 2 against a Kinesis: a stream's life, then each class of error. The README
 * of the folder above tells the variables. It prints a line for each step and throws at the first difference.
 *
 * <p>It speaks CBOR and HTTP/2, which are that SDK's defaults for Kinesis.
 */
final class Main {
    static final String STREAM = "java-" + ProcessHandle.current().pid();

    public static void main(String[] arguments) throws Exception {
        try (KinesisAsyncClient client = connect(Check.required("KINESIS_ENDPOINT"));
                KinesisAsyncClient strict = connect(Check.required("KINESIS_STRICT_ENDPOINT"))) {
            new Life(client).run();
            new Errors(client, strict).provoke();
        }
        Check.done("all as documented");
    }

    /** A client that does not try again, so that each answer is seen. */
    private static KinesisAsyncClient connect(String endpoint) throws Exception {
        var http = NettyNioAsyncHttpClient.builder().protocol(Protocol.HTTP2).readTimeout(Duration.ofSeconds(30));
        String authorities = System.getenv("KINESIS_CA_FILE");
        if (authorities != null) {
            TrustManager[] trusted = trusting(Path.of(authorities));
            http.tlsTrustManagersProvider(() -> trusted);
        }
        return KinesisAsyncClient.builder()
                .endpointOverride(URI.create(endpoint))
                .region(Region.US_EAST_1)
                .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("local", "local")))
                .httpClientBuilder(http)
                .overrideConfiguration(made -> made.retryStrategy(DefaultRetryStrategy.doNotRetry()))
                .build();
    }

    private static TrustManager[] trusting(Path file) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (var pem = Files.newInputStream(file)) {
            for (var certificate : CertificateFactory.getInstance("X.509").generateCertificates(pem)) {
                store.setCertificateEntry("authority-" + store.size(), certificate);
            }
        }
        var factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        return factory.getTrustManagers();
    }
}
