using Espalier.Text.Metrics;
using Espalier.Text.Randomness;

namespace Espalier.Tests.Text.Metrics;

public class PairedBootstrapTests
{
    private static readonly string[] Words = ["red", "green", "blue", "old", "new", "cat", "dog", "runs", "sits", "sees"];
    private static readonly string[] References = [.. Enumerable.Range(0, 200).Select(i => Sentence(new CounterRandom(1, Purpose.Samples, i)))];

    private static string Sentence(CounterRandom random) => string.Join(' ', Enumerable.Range(0, 9).Select(_ => random.Pick(Words)));

    // Replaces the given part of the words by random ones.
    private static string[] Noisy(int percent, ulong seed) => [.. References.Select((reference, i) =>
    {
        var random = new CounterRandom(seed, Purpose.Samples, i);
        return string.Join(' ', reference.Split(' ').Select(word => random.Chance(percent) ? random.Pick(Words) : word));
    })];

    [Fact]
    public void Compare_ClearlyBetterSystem_IsSignificant()
    {
        PairedBootstrapResult result = PairedBootstrap.Compare(new Bleu(), Noisy(40, 2), Noisy(10, 3), [References]);
        Assert.True(result.SystemScore > result.BaselineScore);
        Assert.Equal(1.0 / 1001, result.PValue, 1e-12); // the smallest that 1000 resamples can show
        Assert.InRange(result.SystemScore, result.SystemMean - result.SystemInterval, result.SystemMean + result.SystemInterval);
        Assert.Equal("nrefs:1|bs:1000|seed:12345|case:mixed|eff:no|tok:13a|smooth:exp|version:espalier-0.1.0", result.Signature);
    }

    [Fact]
    public void Compare_SystemsOfTheSameKind_IsNotSignificant() =>
        Assert.True(PairedBootstrap.Compare(new ChrF(), Noisy(30, 4), Noisy(30, 5), [References]).PValue > 0.05);

    [Fact]
    public void Compare_SystemWithItself_IsNotSignificant()
    {
        // No absolute difference exceeds the observed one of 0: by the formula alone, and sacrebleu, this would be 1 / 101.
        string[] system = Noisy(20, 6);
        Assert.Equal(1, PairedBootstrap.Compare(new Bleu(), system, system, [References], resamples: 100).PValue);
    }

    [Fact]
    public void Compare_SameSeed_IsTheSame() => Assert.Equal(
        PairedBootstrap.Compare(new Bleu(), Noisy(30, 7), Noisy(25, 8), [References], 50, 9),
        PairedBootstrap.Compare(new Bleu(), Noisy(30, 7), Noisy(25, 8), [References], 50, 9));
}
