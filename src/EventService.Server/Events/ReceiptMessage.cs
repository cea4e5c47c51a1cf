using EventService.Generation.Requests;

using V1 = EventService.Grpc.V1;

namespace EventService.Server.Events;

/// <summary>Receipts as messages.</summary>
internal static class ReceiptMessage
{
    public static V1.Receipt ToMessage(this Receipt receipt)
    {
        var message = new V1.Receipt
        {
            Process = receipt.Process,
            Model = receipt.Model,
            Version = receipt.Version ?? 0,
            Sha256 = receipt.Sha256,
            Seed = RequestValue.Seed(receipt.Seed),
            First = receipt.First,
            N = receipt.N,
            Condition = { receipt.Condition.ToDictionary() },
            Numerics = receipt.Numerics,
            ServiceVersion = receipt.ServiceVersion,
            Columns = { receipt.Columns ?? [] },
            Cut = receipt.Cut ?? "",
            LogDensity = receipt.LogDensity,
            CrossSectionPb = receipt.CrossSectionPb,
            SelectionEfficiency = receipt.SelectionEfficiency,
            Acceptance = receipt.Acceptance,
            AcceptanceError = receipt.AcceptanceError,
            Json = receipt.ToJson(),
        };
        if (receipt.Lumi is { } lumi)
        {
            (message.Lumi, message.ExpectedEvents, message.EventNormalisation) = (lumi, receipt.ExpectedEvents!.Value, receipt.EventNormalisation!.Value);
        }

        return message;
    }
}
