using Espalier.Text.Randomness;

namespace Espalier.Tests.Text.Randomness;

public class SeededPermutationTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(10_007)]
    public void Index_AllOfThem_AreMetOnce(int count)
    {
        var permutation = new SeededPermutation(count, 7, Purpose.Shuffle, 3);
        Assert.Equal(Enumerable.Range(0, count), Enumerable.Range(0, count).Select(i => (int)permutation[i]).Order());
    }

    [Fact]
    public void Index_ManySeeds_SendEachItemEverywhereEquallyOften()
    {
        const int Count = 8, Seeds = 16_000;
        int[,] met = new int[Count, Count];
        for (int seed = 0; seed < Seeds; seed++)
        {
            var permutation = new SeededPermutation(Count, (ulong)seed, Purpose.Shuffle, 0);
            for (int i = 0; i < Count; i++)
                met[i, permutation[i]]++;
        }
        // Expected 2,000 each, standard deviation 42.
        Assert.All(met.Cast<int>(), times => Assert.InRange(times, 1_800, 2_200));
    }

    [Fact]
    public void Index_AnotherEpochOrSeed_GivesAnotherOrder()
    {
        static long[] Order(ulong seed, long epoch)
        {
            var permutation = new SeededPermutation(100, seed, Purpose.Shuffle, epoch);
            return [.. Enumerable.Range(0, 100).Select(i => permutation[i])];
        }
        Assert.NotEqual(Order(1, 0), Order(1, 1));
        Assert.NotEqual(Order(1, 0), Order(2, 0));
        Assert.Equal(Order(1, 1), Order(1, 1));
    }
}
