using EventService.Server;
using EventService.Server.ApiDocs;
using EventService.Server.Events;
using EventService.Server.Grpc;
using EventService.Server.Health;
using EventService.Server.Histograms;
using EventService.Server.Jobs;
using EventService.Server.Keys;
using EventService.Server.Logging;
using EventService.Server.Metrics;
using EventService.Server.Models;
using EventService.Server.Page;
using EventService.Server.Problems;
using EventService.Server.Receipts;
using EventService.Server.Settings;
using EventService.Server.Workers;

// The settings lie beside the program, wherever it is started from.
var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
var settings = builder.AddSettings();
builder.AddStructuredLogs(settings);
builder.Services
    .AddMetricsAndTraces(builder.Configuration)
    .AddProblems()
    .AddRegistry(settings)
    .AddKeys(settings)
    .AddModels()
    .AddWorkers(settings)
    .AddEvents()
    .AddJobs(settings)
    .AddReceipts()
    .AddHistograms()
    .AddHealth()
    .AddGrpcServices(settings)
    .AddApiDocs(settings);

var app = builder.Build();
app.UseRequestLog();
app.UseGrpc();
app.UseProblems();
app.UseFirstPage();
app.UseKeys();
app.MapEvents();
app.MapJobs();
app.MapReceipts();
app.MapHistograms();
app.MapModels();
app.MapModelFiles();
app.MapAliases();
app.MapKeys();
app.MapHealth();
app.MapGrpcReflectionService();
app.MapMetrics();
app.MapApiDocs();

app.LogKernels();
await app.StartRegistryAsync();
await app.RunAsync();
