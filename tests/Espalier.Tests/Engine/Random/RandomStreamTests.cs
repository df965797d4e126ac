using Espalier.Engine.Random;

namespace Espalier.Tests.Engine.Random;

public class RandomStreamTests
{
    [Fact]
    public void Position_SetOnAnotherStream_ContinuesWhereTheFirstIs()
    {
        for (int drawn = 0; drawn < 13; drawn++)
        {
            var first = new RandomStream(7, 3);
            for (int i = 0; i < drawn; i++)
            {
                first.NextUInt32();
            }

            var second = new RandomStream(7, 3) { Position = first.Position };
            Assert.Equal((ulong)drawn, second.Position);
            Assert.Equal(Draw(first, 9), Draw(second, 9));
        }
    }

    [Fact]
    public void Streams_OfOneSeed_Differ()
        => Assert.Empty(Draw(new RandomStream(7, 0), 1000).Intersect(Draw(new RandomStream(7, 1), 1000)));

    [Fact]
    public void NextSingle_ManyDraws_FillsTheUnitIntervalEvenly()
    {
        var stream = new RandomStream(1, 1);
        int[] tenths = new int[10];
        for (int i = 0; i < 100_000; i++)
        {
            float x = stream.NextSingle();
            Assert.InRange(x, 0f, 0.99999997f);
            tenths[(int)(x * 10)]++;
        }

        // Binomial with deviation 95: five deviations either side.
        Assert.All(tenths, count => Assert.InRange(count, 9_525, 10_475));
    }

    [Fact]
    public void NextNormal_ManyDraws_HasTheMomentsOfTheNormalDistribution()
    {
        const int Count = 200_000;
        var stream = new RandomStream(2, 1);
        double[] moments = new double[5];
        for (int i = 0; i < Count; i++)
        {
            double x = stream.NextNormal();
            for (int power = 1; power <= 4; power++)
            {
                moments[power] += Math.Pow(x, power) / Count;
            }
        }

        // Deviations of these means are √(1, 2, 15, 96) / √Count: five of each.
        Assert.Equal(0, moments[1], 0.012);
        Assert.Equal(1, moments[2], 0.016);
        Assert.Equal(0, moments[3], 0.044);
        Assert.Equal(3, moments[4], 0.11);
    }

    private static uint[] Draw(RandomStream stream, int count)
    {
        uint[] words = new uint[count];
        foreach (ref uint word in words.AsSpan())
        {
            word = stream.NextUInt32();
        }

        return words;
    }
}
