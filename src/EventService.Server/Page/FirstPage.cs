using Microsoft.Extensions.FileProviders;

namespace EventService.Server.Page;

/// <summary>The page at /: its files in wwwroot, which load nothing from elsewhere and run no script but their own.</summary>
internal static class FirstPage
{
    private const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public static void UseFirstPage(this WebApplication app) =>
        app.UseFileServer(new FileServerOptions
        {
            // Beside the program, wherever it is started from.
            FileProvider = new PhysicalFileProvider(Path.Combine(AppContext.BaseDirectory, "wwwroot")),
            StaticFileOptions =
            {
                OnPrepareResponse = file =>
                {
                    var headers = file.Context.Response.Headers;
                    headers.ContentSecurityPolicy = ContentSecurityPolicy;
                    headers.XContentTypeOptions = "nosniff";
                    headers["Referrer-Policy"] = "no-referrer";
                    headers.CacheControl = "no-cache"; // a new version of the service has its own page
                },
            },
        });
}
