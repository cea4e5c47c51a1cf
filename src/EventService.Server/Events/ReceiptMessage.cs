using EventService.Generation.Requests;
using EventService.Models.Documents;

using V1 = EventService.Contracts.V1;

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
            CrossSectionPb = receipt.CrossSectionPb ?? 0,
            SelectionEfficiency = receipt.SelectionEfficiency ?? 0,
            Acceptance = receipt.Acceptance,
            AcceptanceError = receipt.AcceptanceError,
            Json = receipt.ToJson(),
            Mapping = receipt.Mapping ?? "",
            Points = { (receipt.Points ?? []).Select(ToMessage) },
            Warnings = { receipt.Warnings ?? [] },
        };
        message.Alternative.Add(receipt.Alternative?.ToDictionary() ?? []);
        message.Scan.Add(receipt.Scan?.ToDictionary() ?? []);
        if (receipt.Lumi is { } lumi)
        {
            message.Lumi = lumi;
        }

        if (receipt is { ExpectedEvents: { } expected, EventNormalisation: { } normalisation })
        {
            (message.ExpectedEvents, message.EventNormalisation) = (expected, normalisation);
        }

        return message;
    }

    private static V1.ReceiptPoint ToMessage(ReceiptPoint point)
    {
        var message = new V1.ReceiptPoint
        {
            Condition = { point.Condition.ToDictionary() },
            N = point.N,
            CrossSectionPb = point.CrossSectionPb,
            SelectionEfficiency = point.SelectionEfficiency,
        };
        message.Alternative.Add(point.Alternative?.ToDictionary() ?? []);
        if (point.ExpectedEvents is { } expected)
        {
            message.ExpectedEvents = expected;
        }

        if (point.EventNormalisation is { } normalisation)
        {
            message.EventNormalisation = normalisation;
        }

        return message;
    }
}
