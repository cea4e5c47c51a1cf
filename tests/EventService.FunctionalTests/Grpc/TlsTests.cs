using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

using EventService.Contracts.V1;

using Grpc.Core;

namespace EventService.FunctionalTests.Grpc;

public sealed class TlsTests : IDisposable
{
    private const string Password = "a password";

    private readonly string _folder = Directory.CreateTempSubdirectory("eventservice-tls-").FullName;
    private readonly X509Certificate2 _certificate = SelfSigned();

    public void Dispose()
    {
        _certificate.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("pem")]
    [InlineData("pem in one file")]
    [InlineData("encrypted pem")]
    [InlineData("pfx")]
    [InlineData("pfx with password")]
    public async Task Tls_OnePort_ServesRestAndGrpc(string kind)
    {
        using var service = new RunningService(workers: 1, settings: Settings(kind));
        service.StartServer();
        var address = service.ClientOptions.BaseAddress;
        Assert.Equal("https", address.Scheme);
        using var rest = new HttpClient(Trusting()) { BaseAddress = address };
        foreach (var version in new[] { HttpVersion.Version11, HttpVersion.Version20 })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/health/ready") { Version = version, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
            using var response = await rest.SendAsync(request);
            Assert.Equal((HttpStatusCode.OK, version), (response.StatusCode, response.Version));
        }

        using var grpc = new RawCall(address, handler: Trusting());
        var answer = await grpc.SendAsync("/eventservice.v1.Events/Generate", new GenerateRequest { Process = "ttbar", N = 10 });
        Assert.Equal(StatusCode.OK, answer.Status);

        // No second port in clear text.
        using var socket = new TcpClient();
        await Assert.ThrowsAsync<SocketException>(() => socket.ConnectAsync(IPAddress.Loopback, service.GrpcAddress.Port));
    }

    [Fact]
    public void Tls_CertificateThatCannotBeRead_SaysWhich()
    {
        var file = Path.Combine(_folder, "no.pem");
        File.WriteAllText(file, "nothing");
        using var service = new RunningService(workers: 1, settings: ("CertificateFile", file));
        var e = Assert.Throws<InvalidOperationException>(service.StartServer);
        Assert.StartsWith($"The certificate '{file}' cannot be used: ", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ClearText_GrpcPortForOtherMachines_LetsNobodyInWithoutKey()
    {
        // REST listens on loopback only, gRPC does not: the machine's own rights are nobody's.
        using var service = new RunningService(workers: 1, settings: ("Address", "0.0.0.0"));
        using var response = await service.CreateClient().PostAsync("/generate?process=ttbar&n=1", null);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
    }

    [Fact]
    public async Task ClearText_Http11ToTheGrpcPort_IsAnsweredInWords()
    {
        using var service = new RunningService(workers: 1);
        service.StartServer();
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, service.GrpcAddress.Port);
        await socket.GetStream().WriteAsync("GET / HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray());
        using var reader = new StreamReader(socket.GetStream());
        var answer = await reader.ReadToEndAsync();
        Assert.StartsWith("HTTP/1.1 400", answer, StringComparison.Ordinal);
        Assert.Contains("An HTTP/1.x request was sent to an HTTP/2 only endpoint.", answer, StringComparison.Ordinal);
    }

    private (string, string)[] Settings(string kind)
    {
        var (pem, key, pfx, password) = (Path.Combine(_folder, "c.pem"), Path.Combine(_folder, "k.pem"), Path.Combine(_folder, "c.pfx"), Path.Combine(_folder, "password"));
        using var rsa = _certificate.GetRSAPrivateKey()!;
        File.WriteAllText(password, Password + "\n");
        File.WriteAllText(pem, _certificate.ExportCertificatePem() + (kind == "pem in one file" ? "\n" + rsa.ExportPkcs8PrivateKeyPem() : ""));
        var aes = new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000);
        File.WriteAllText(key, kind == "encrypted pem" ? rsa.ExportEncryptedPkcs8PrivateKeyPem(Password, aes) : rsa.ExportPkcs8PrivateKeyPem());
        File.WriteAllBytes(pfx, _certificate.Export(X509ContentType.Pkcs12, kind == "pfx" ? null : Password));
        return kind switch
        {
            "pem" => [("CertificateFile", pem), ("CertificateKeyFile", key)],
            "pem in one file" => [("CertificateFile", pem)],
            "encrypted pem" => [("CertificateFile", pem), ("CertificateKeyFile", key), ("CertificatePasswordFile", password)],
            "pfx" => [("CertificateFile", pfx)],
            _ => [("CertificateFile", pfx), ("CertificatePasswordFile", password)],
        };
    }

    /// <summary>Trusts the certificate of the test and no other.</summary>
    private SocketsHttpHandler Trusting() => new()
    {
        SslOptions = new SslClientAuthenticationOptions
        {
            RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is X509Certificate2 found && found.Thumbprint == _certificate.Thumbprint,
        },
    };

    private static X509Certificate2 SelfSigned()
    {
        using var rsa = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }
}
