using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Models;
using Espalier.Planning.Sizes;
using Espalier.Training.Objectives;

namespace Espalier.Tests.Planning.Sizes;

public class CandidateSizesTests
{
    private const double Rate = 1e11, Memory = 8e9;

    private static readonly Workload Work = new(8192, 128, 2048, 512, 0.15, 40_000_000);

    [Fact]
    public void StepFlops_OfAnEncoder_AreThoseThatTrainingCounts()
    {
        var configuration = new EncoderConfiguration { Layers = 3, Hidden = 128, Vocabulary = 8192, MaximumPositions = 128 };
        int[] offsets = [.. Enumerable.Range(0, 17).Select(i => i * 128)];
        double counted = new EncoderFlops(configuration).MaskedLanguageModel(offsets, 307).Products;
        Assert.Equal(counted, new CostModel(Work, Rate).StepFlops(new ModelSize(3, 128)), counted * 1e-3);
    }

    [Fact]
    public void Parameters_OfAnEncoder_AreThoseOfTheModel()
    {
        using var device = new CpuDevice(1);
        using var parameters = new ParameterSet(device);
        _ = new MaskedLanguageModel(
            parameters, new EncoderConfiguration { Layers = 2, Hidden = 128, Vocabulary = 8192, MaximumPositions = 128 });
        parameters.Allocate(seed: 1);
        Assert.Equal(parameters.Count, new CostModel(Work, Rate).Parameters(new ModelSize(2, 128)), parameters.Count * 0.01);
    }

    // Pairs of 60 tokens to 68, a step of 30 of them.
    [Fact]
    public void StepFlopsAndParameters_OfAnEncoderDecoder_AreThoseThatTrainingCounts()
    {
        var configuration = new EncoderDecoderConfiguration { Layers = 3, Hidden = 128, Vocabulary = 4096, MaximumPositions = 128 };
        int[] sources = [.. Enumerable.Range(0, 31).Select(i => i * 60)], targets = [.. Enumerable.Range(0, 31).Select(i => i * 68)];
        var work = new Workload(4096, 128, 128 * 30, 128 * 30, 68 / 128.0, 1_000_000, Architecture.EncoderDecoder);
        double counted = new EncoderDecoderFlops(configuration).Count(sources, targets).Products;
        Assert.Equal(counted, new CostModel(work, Rate).StepFlops(new ModelSize(3, 128)), counted * 0.02);

        using var device = new CpuDevice(1);
        using var parameters = new ParameterSet(device);
        using var model = new EncoderDecoder(parameters, configuration);
        parameters.Allocate(seed: 1);
        Assert.Equal(parameters.Count, new CostModel(work, Rate).Parameters(new ModelSize(3, 128)), parameters.Count * 0.001);
    }

    [Fact]
    public void StepSeconds_Measured_AreMetAndMoveTheRest()
    {
        ModelSize small = new(1, 64), large = new(4, 256), between = new(2, 128);
        var ideal = new CostModel(Work, Rate);
        var cost = new CostModel(Work, Rate, [(small, 3 * ideal.StepSeconds(small)), (large, 1.5 * ideal.StepSeconds(large))]);
        Assert.Equal(3 * ideal.StepSeconds(small), cost.StepSeconds(small), 1e-9);
        Assert.Equal(1.5 * ideal.StepSeconds(large), cost.StepSeconds(large), 1e-9);
        Assert.InRange(cost.StepSeconds(between) / ideal.StepSeconds(between), 1.5, 3);
    }

    [Theory]
    [InlineData(60)]
    [InlineData(1800)]
    [InlineData(86400)]
    public void Propose_AnyBudget_GivesDistinctSizesThatFitCheapestFirst(double seconds)
    {
        var cost = new CostModel(Work, Rate);
        IReadOnlyList<ModelSize> sizes = CandidateSizes.Propose(cost, Work, seconds, Memory);
        Assert.Equal(sizes.Distinct().OrderBy(cost.StepFlops), sizes);
        Assert.InRange(sizes.Count, 1, 6);
        Assert.All(sizes, size => Assert.True(
            cost.MemoryBytes(size) <= Memory && seconds / cost.StepSeconds(size) >= CandidateSizes.LeastSteps, $"{size}"));
    }

    [Fact]
    public void Propose_MoreTimeOrLessData_ReachesToLargerOrSmallerSizes()
    {
        var cost = new CostModel(Work, Rate);
        double Largest(Workload work, double seconds) => CandidateSizes.Propose(cost, work, seconds, Memory).Max(size => size.LayerWeights);
        Assert.True(Largest(Work, 36000) > Largest(Work, 180));
        Assert.True(Largest(Work with { CorpusTokens = 300_000 }, 36000) < Largest(Work, 36000));
    }

    [Fact]
    public void Propose_NothingFits_GivesTheSmallestSize()
        => Assert.Equal([new ModelSize(1, 64)], CandidateSizes.Propose(new CostModel(Work, Rate), Work, 1e-3, Memory));

    [Theory]
    [InlineData(1e-3)]
    [InlineData(180)]
    public void Propose_FewestLayers_ProposesNoFewer(double seconds)
    {
        IReadOnlyList<ModelSize> sizes = CandidateSizes.Propose(new CostModel(Work, Rate), Work, seconds, Memory, fewestLayers: 2);
        Assert.NotEmpty(sizes);
        Assert.All(sizes, size => Assert.True(size.Layers >= 2, $"{size}"));
    }

    [Fact]
    public void Propose_FewestLayers_OfWhichNoneIsAllowed_ProposesFewer()
    {
        var cost = new CostModel(Work, Rate);
        Assert.Equal([new ModelSize(1, 64)], CandidateSizes.Propose(
            cost, Work, 180, Memory, fewestLayers: 2, allowed: size => cost.StepFlops(size) < cost.StepFlops(new ModelSize(2, 64))));
    }
}
