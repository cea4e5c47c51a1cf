namespace EventService.Generation.Receipts;

/// <summary>What became of the check of a receipt.</summary>
/// <param name="Verified">Whether all that was checked agrees.</param>
/// <param name="Compared">What was compared with the replay: "file", "digest" or "nothing", where there was only the receipt.</param>
/// <param name="Checked">The events that were made again; null where they could not be.</param>
/// <param name="Differences">What does not agree, a sentence each; empty if it is verified.</param>
/// <param name="Notes">What is different here but changes no bit.</param>
public sealed record ReceiptVerification(bool Verified, string Compared, CheckedRange? Checked, IReadOnlyList<string> Differences, IReadOnlyList<string> Notes);

/// <summary>Events that were made again.</summary>
/// <param name="First">Index of the first.</param>
/// <param name="N">How many, before the cut.</param>
/// <param name="Bytes">Bytes that they take in the receipt's format, up to where a difference was found.</param>
/// <param name="Sha256">Digest of those bytes, lower-case hexadecimal; null where a difference was found before the end.</param>
public sealed record CheckedRange(long First, long N, long Bytes, string? Sha256);
