using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;


using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace EventService.Server.Settings;

/// <summary>
/// The ports: in clear text one for REST (HTTP/1.1) and one for gRPC (HTTP/2 from the first byte, which cannot share a port with HTTP/1.1);
/// with a certificate one for both.
/// </summary>
internal static class Listening
{
    /// <summary>Opens the ports and returns their addresses.</summary>
    /// <exception cref="InvalidOperationException">The certificate cannot be read.</exception>
    public static IReadOnlyList<string> Listen(this WebApplicationBuilder builder, ServerSettings settings)
    {
        var certificate = Certificate(settings);
        var urls = builder.Configuration["urls"];
        var grpcPort = certificate is not null ? 0 : settings.GrpcPort ?? (string.IsNullOrEmpty(urls) && settings.Port != 0 ? settings.Port + 1 : 0);
        List<string> addresses = string.IsNullOrEmpty(urls)
            ? [$"{(certificate is null ? "http" : "https")}://{settings.Address}:{settings.Port}"]
            : [.. urls.Split(';')];
        if (grpcPort != 0)
        {
            // REST stays last: who asks the server for its address gets that one.
            addresses.Insert(0, $"http://{settings.Address}:{grpcPort}");
        }

        builder.WebHost.UseUrls([.. addresses]);
        builder.WebHost.ConfigureKestrel(kestrel => Configure(kestrel, settings, grpcPort, certificate));
        return addresses;
    }

    private static void Configure(KestrelServerOptions kestrel, ServerSettings settings, int grpcPort, HttpsConnectionAdapterOptions? certificate)
    {
        kestrel.ConfigureEndpointDefaults(listen => listen.Protocols = listen.EndPoint is IPEndPoint { Port: > 0 and var port } && port == grpcPort
            ? HttpProtocols.Http2
            : certificate is null ? HttpProtocols.Http1 : HttpProtocols.Http1AndHttp2);
        if (certificate is not null)
        {
            kestrel.ConfigureHttpsDefaults(https => (https.ServerCertificate, https.ServerCertificateChain) = (certificate.ServerCertificate, certificate.ServerCertificateChain));
        }

        // Kestrel has one lowest rate for a whole HTTP/2 connection, and cuts clients that think between two blocks; calls of gRPC have
        // their own patience. Connections whose other end is gone show by unanswered pings.
        var http2 = kestrel.Limits.Http2;
        kestrel.Limits.MinResponseDataRate = null;
        http2.InitialStreamWindowSize = settings.Http2WindowBytes;
        http2.InitialConnectionWindowSize = settings.Http2WindowBytes;
        http2.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
        http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(30);
    }

    private static HttpsConnectionAdapterOptions? Certificate(ServerSettings settings)
    {
        var file = settings.CertificateFile;
        if (file.Length == 0)
        {
            return null;
        }

        try
        {
            var password = settings.CertificatePasswordFile.Length == 0 ? null : File.ReadAllText(settings.CertificatePasswordFile).TrimEnd('\r', '\n');
            if (Path.GetExtension(file).ToUpperInvariant() is ".PFX" or ".P12")
            {
                return new HttpsConnectionAdapterOptions { ServerCertificate = X509CertificateLoader.LoadPkcs12FromFile(file, password) };
            }

            var key = settings.CertificateKeyFile.Length == 0 ? null : settings.CertificateKeyFile;
            var chain = new X509Certificate2Collection();
            chain.ImportFromPemFile(file);
            return new HttpsConnectionAdapterOptions
            {
                ServerCertificate = password is null ? X509Certificate2.CreateFromPemFile(file, key) : X509Certificate2.CreateFromEncryptedPemFile(file, password, key),
                ServerCertificateChain = chain,
            };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new InvalidOperationException(
                $"The certificate '{file}' cannot be used: {e.Message} CertificateFile is a PEM file, with CertificateKeyFile for its key, or a .pfx or .p12 file; CertificatePasswordFile holds the password of either.", e);
        }
    }
}
