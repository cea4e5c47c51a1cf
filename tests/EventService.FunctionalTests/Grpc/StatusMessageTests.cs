using EventService.Server.Grpc;
using EventService.Server.Problems;

namespace EventService.FunctionalTests.Grpc;

public sealed class StatusMessageTests
{
    [Theory]
    [InlineData("plain text, 'quoted'", "plain text, 'quoted'")]
    [InlineData("100 %", "100 %25")]
    [InlineData("Zoë\n", "Zo%C3%AB%0A")]
    [InlineData("t\U0001F600", "t%F0%9F%98%80")]
    public void Message_InATrailer_IsPercentEncoded(string sentence, string trailer) =>
        Assert.Equal(trailer, StatusMessage.Encode(sentence));

    [Fact]
    public void Message_BeyondTheLimit_IsCut()
    {
        var trailer = StatusMessage.Encode(new string('ë', 10_000));
        Assert.InRange(trailer.Length, StatusMessage.LargestLength - 10, StatusMessage.LargestLength);
        Assert.EndsWith("%C3%AB...", trailer, StringComparison.Ordinal);
    }
}
