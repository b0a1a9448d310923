import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.http.TlsTrustManagersProvider;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.retries.DefaultRetryStrategy;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.model.SubscribeToShardRequest;

/**
 * The AWS SDK for Java 2 against a Kinesis: a stream's life, then each class of error. The README of the folder above tells the
 * variables. It prints a line for each step and throws at the first difference.
 *
 * <p>The client is as it comes: CBOR, and HTTP/2 without ALPN.
 */
public final class Client {
    public static void main(String[] arguments) throws Exception {
        String stream = "java-" + ProcessHandle.current().pid();
        try (KinesisAsyncClient client = connect("KINESIS_ENDPOINT");
                KinesisAsyncClient strict = connect("KINESIS_STRICT_ENDPOINT")) {
            new Life(client, stream).run();
            new Errors(client, strict, stream).run();
        }
        Check.done("all as documented");
    }

    /** A client that does not try again, so that each answer is seen. */
    private static KinesisAsyncClient connect(String variable) throws Exception {
        NettyNioAsyncHttpClient.Builder http = NettyNioAsyncHttpClient.builder();
        String authorities = System.getenv("KINESIS_CA_FILE");
        if (authorities != null) {
            http.tlsTrustManagersProvider(trusting(Path.of(authorities)));
        }
        return KinesisAsyncClient.builder()
                .endpointOverride(URI.create(System.getenv(variable)))
                .region(Region.US_EAST_1)
                .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("local", "local")))
                .overrideConfiguration(options -> options
                        .retryStrategy(DefaultRetryStrategy.doNotRetry())
                        .addExecutionInterceptor(new Codecs()))
                .httpClientBuilder(http)
                .build();
    }

    private static TlsTrustManagersProvider trusting(Path authorities) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (InputStream pem = Files.newInputStream(authorities)) {
            for (Certificate each : CertificateFactory.getInstance("X.509").generateCertificates(pem)) {
                store.setCertificateEntry("authority-" + store.size(), each);
            }
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        TrustManager[] managers = factory.getTrustManagers();
        return () -> managers;
    }

    /** Holds the SDK to its own default, so that this program tests what it says. */
    private static final class Codecs implements ExecutionInterceptor {
        @Override
        public void beforeTransmission(Context.BeforeTransmission context, ExecutionAttributes attributes) {
            boolean subscribes = context.request() instanceof SubscribeToShardRequest;
            String codec = subscribes ? "application/x-amz-json-1.1" : "application/x-amz-cbor-1.1";
            Check.same(context.httpRequest().firstMatchingHeader("Content-Type").orElse(null), codec);
        }
    }

    private Client() {}
}
