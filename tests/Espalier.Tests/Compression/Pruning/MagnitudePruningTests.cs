using Espalier.Compression;
using Espalier.Compression.Pruning;
using Espalier.Engine.Autograd;
using Espalier.Engine.Random;

namespace Espalier.Tests.Compression.Pruning;

public class MagnitudePruningTests
{
    private const string Up = "encoder.layer.0.intermediate.dense.weight", Down = "encoder.layer.0.output.dense.weight";

    [Fact]
    public void Prune_RandomWeights_TakesExactlyTheSmallest()
    {
        for (uint seed = 0; seed < 20; seed++)
        {
            var random = new RandomStream(seed, 0);
            ModelWeights weights = Random(random, 37, 53);
            double sparsity = random.NextSingle() * 0.999;
            WeightMasks masks = MagnitudePruning.Prune(weights, sparsity, new PruningSettings());
            long expected = (long)Math.Round(sparsity * 2 * 37 * 53, MidpointRounding.AwayFromZero);
            Assert.Equal((expected, 2L * 37 * 53), (masks.Pruned, masks.Prunable));
            float[] gone = [.. Sizes(weights, masks, stays: false)], stays = [.. Sizes(weights, masks, stays: true)];
            Assert.True(gone.Length == 0 || stays.Length == 0 || gone.Max() <= stays.Min());
        }
    }

    [Fact]
    public void Prune_Ties_AreExactAndTheFirstGo()
    {
        var weights = new ModelWeights([new WeightTensor(Up, Shape.Matrix(2, 4), [1, -1, 1, -1, 1, 1, -1, 1])]);
        Assert.Equal([false, false, false, true, true, true, true, true], MagnitudePruning.Prune(weights, 3 / 8.0, new PruningSettings()).Of(Up)!);
    }

    [Fact]
    public void Prune_Ranking_DecidesWhereTheyGo()
    {
        var weights = new ModelWeights([
            new WeightTensor(Up, Shape.Matrix(1, 4), [1, 2, 3, 4]), new WeightTensor(Down, Shape.Matrix(1, 4), [10, 20, 30, 40])]);
        WeightMasks whole = MagnitudePruning.Prune(weights, 0.5, new PruningSettings());
        Assert.Equal((4, 0), (whole.Of(Up)!.Count(k => !k), whole.Of(Down)!.Count(k => !k)));
        WeightMasks each = MagnitudePruning.Prune(weights, 0.5, new PruningSettings { Ranking = PruningRanking.PerMatrix });
        Assert.Equal((2, 2), (each.Of(Up)!.Count(k => !k), each.Of(Down)!.Count(k => !k)));
        Assert.Equal([Up], whole.Hollow(weights));
        Assert.Empty(each.Hollow(weights));
    }

    // Less than one in a hundred is left of each: of the first all that counts, of the second next to nothing.
    [Fact]
    public void Hollow_IsWhatHasLostNearlyAllWeights_AndHalfOfItsSquares()
    {
        float[] few = [.. Enumerable.Range(0, 300).Select(i => i == 0 ? 9f : 0.1f)], many = [.. Enumerable.Range(0, 300).Select(i => i == 0 ? 9f : 2f)];
        var weights = new ModelWeights([new WeightTensor(Up, Shape.Matrix(3, 100), few), new WeightTensor(Down, Shape.Matrix(3, 100), many)]);
        WeightMasks masks = MagnitudePruning.Prune(weights, 299 / 300.0, new PruningSettings { Ranking = PruningRanking.PerMatrix });
        Assert.Equal([1, 1], ((string[])[Up, Down]).Select(name => masks.Of(name)!.Count(stays => stays)));
        Assert.Equal([Down], masks.Hollow(weights));

        // Little by little it is the same: what was pruned before counts as lost.
        Assert.Empty(masks.Hollow(masks.Apply(weights)));
    }

    [Fact]
    public void Prune_EmbeddingsAndNorms_OnlyByOption()
    {
        var weights = new ModelWeights([
            new WeightTensor("embeddings.word_embeddings.weight", Shape.Matrix(1, 4), [1, 2, 3, 4]),
            new WeightTensor("LayerNorm.weight", Shape.Vector(4), [1, 2, 3, 4]), new WeightTensor(Up, Shape.Matrix(1, 4), [1, 2, 3, 4])]);
        Assert.Equal(4, MagnitudePruning.Prune(weights, 0.5, new PruningSettings()).Prunable);
        Assert.Equal(12, MagnitudePruning.Prune(weights, 0.5, new PruningSettings { Embeddings = true, Norms = true }).Prunable);
    }

    [Fact]
    public void StepsTo_ATarget_AreTheSamePartsHoweverItIsReached_TheLastAsSmallAsNeeded()
    {
        var settings = new PruningSettings();
        Assert.Equal([0.15, 0.30, 0.45, 0.5], settings.StepsTo(0.5));
        Assert.Equal([0.45, 0.5], settings.StepsTo(0.5, from: 0.30));
        Assert.Empty(settings.StepsTo(0.5, from: 0.5));
        Assert.Equal([0.999], (settings with { Step = 0.999 }).StepsTo(0.999));
    }

    [Fact]
    public void Prune_FurtherAfterWhatStaysWasChanged_NeverBringsAWeightBack()
    {
        ModelWeights weights = Random(new RandomStream(3, 0), 20, 50);
        WeightMasks? before = null;
        foreach (double sparsity in (double[])[0.15, 0.30, 0.45])
        {
            WeightMasks masks = MagnitudePruning.Prune(weights, sparsity, new PruningSettings());
            Assert.All(weights.Tensors, t => Assert.True(before?.Of(t.Name)!.Zip(masks.Of(t.Name)!).All(pair => pair.First || !pair.Second) != false));
            var random = new RandomStream((ulong)masks.Pruned, 5);
            weights = masks.Apply(weights).Select(t => [.. t.Values.Select(v => v == 0 ? 0 : v + (0.5f * random.NextNormal()))]);
            before = masks;
        }
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(1)]
    [InlineData(double.NaN)]
    public void Prune_ImpossibleSparsity_SaysWhatIsExpected(double sparsity)
        => Assert.Contains("expected 0 or more and less than 1", Assert.Throws<CompressionException>(
            () => MagnitudePruning.Prune(Random(new RandomStream(1, 0), 2, 2), sparsity, new PruningSettings())).Message, StringComparison.Ordinal);

    private static ModelWeights Random(RandomStream random, int rows, int columns) => new(new[] { Up, Down }.Select(name => new WeightTensor(
        name, Shape.Matrix(rows, columns), [.. Enumerable.Range(0, rows * columns).Select(_ => random.NextNormal())])));

    private static IEnumerable<float> Sizes(ModelWeights weights, WeightMasks masks, bool stays)
        => weights.Tensors.SelectMany(t => t.Values.Zip(masks.Of(t.Name)!).Where(p => p.Second == stays).Select(p => Math.Abs(p.First)));
}
