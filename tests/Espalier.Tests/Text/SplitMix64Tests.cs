using Espalier.Text;

namespace Espalier.Tests.Text;

public class SplitMix64Tests
{
    [Fact]
    public void Next_Seed1234567_EqualsThePublishedSequence()
    {
        // The test vector that accompanies Vigna's reference implementation in many languages.
        var random = new SplitMix64(1234567);
        Assert.Equal([6457827717110365317, 3203168211198807973, 9817491932198370423], new[] { random.Next(), random.Next(), random.Next() });
    }

    [Fact]
    public void Below_ManyDraws_ReachesEveryNumberAboutEquallyOften()
    {
        var random = new SplitMix64(1, 2, 3);
        var counts = new int[7];
        for (int i = 0; i < 70_000; i++)
            counts[random.Below(7)]++;
        Assert.All(counts, count => Assert.InRange(count, 9_500, 10_500));
    }

    [Fact]
    public void Constructor_NeighbouringKeys_StartDifferentStreams()
    {
        var first = new HashSet<ulong>();
        for (ulong key = 0; key < 10; key++)
            Assert.True(first.Add(new SplitMix64(key, 0, 0).Next()) && first.Add(new SplitMix64(0, key + 20, 0).Next()) && first.Add(new SplitMix64(0, 0, key + 20).Next()));
    }
}
