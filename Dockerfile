# syntax=docker/dockerfile:1
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /source
COPY . .
RUN dotnet publish src/EventService.Server -c Release -o /publish/server \
 && dotnet publish src/EventService.Cli -c Release -o /publish/cli

FROM mcr.microsoft.com/dotnet/aspnet:10.0
# The base image brings the user 'app'. All that is written goes to /data: the root file system may be read-only.
RUN install -d -o app -g app /data
COPY --from=build /publish/server /app/server
COPY --from=build /publish/cli /app/cli
ENV EVENTSERVICE__ADDRESS=* \
    EVENTSERVICE__PORT=8080 \
    EVENTSERVICE__DATAFOLDER=/data \
    ASPNETCORE_HTTP_PORTS= \
    DOTNET_EnableDiagnostics=0
USER app
WORKDIR /data
VOLUME /data
EXPOSE 8080 8081
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["dotnet", "/app/cli/eventservice.dll", "health", "--server", "http://localhost:8080"]
ENTRYPOINT ["dotnet", "/app/server/EventService.Server.dll"]
