using EventService.Engine.Kernels;
using EventService.Engine.Random;

namespace EventService.Engine.Tests.Kernels;

public sealed class RowSumTests
{
    [Fact]
    public void Of_EveryLength_AddsInTheStatedOrder()
    {
        var stream = new PhiloxStream(4, 4);
        for (var length = 0; length <= 67; length++)
        {
            var x = new float[length];
            for (var i = 0; i < length; i++)
            {
                x[i] = stream.NextFloat() - 0.5f;
            }

            var s = new float[8];
            var whole = length / 8 * 8;
            for (var i = 0; i < whole; i++)
            {
                s[i % 8] += x[i];
            }

            var sum = s[0] + s[4] + (s[2] + s[6]) + (s[1] + s[5] + (s[3] + s[7]));
            for (var i = whole; i < length; i++)
            {
                sum += x[i];
            }

            Assert.Equal(BitConverter.SingleToInt32Bits(sum), BitConverter.SingleToInt32Bits(RowSum.Of(x)));
        }
    }
}
