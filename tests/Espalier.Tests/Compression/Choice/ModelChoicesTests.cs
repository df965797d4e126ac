using Espalier.Compression;
using Espalier.Compression.Analysis;
using Espalier.Compression.Choice;

namespace Espalier.Tests.Compression.Choice;

public class ModelChoicesTests
{
    private static readonly ModelMeasures[] Models =
    [
        Model(0.90, 8_000_000, 0.008), Model(0.89, 2_000_000, 0.006), Model(0.89, 1_900_000, 0.007), Model(0.80, 1_000_000, 0.002),
    ];

    [Fact]
    public void Choose_SeveralFit_TakesTheMostAccurateAndOfThoseTheSmallest()
    {
        Assert.Equal((Models[0], true), Chosen(new DeploymentLimits()));
        Assert.Equal((Models[2], true), Chosen(new DeploymentLimits(MaxBytes: 2_000_000)));
        Assert.Equal((Models[1], true), Chosen(new DeploymentLimits(2_000_000, TimeSpan.FromMilliseconds(6), 0.01)));
    }

    [Fact]
    public void Choose_NoneFits_TakesTheNearestAndSaysWhatWouldHaveToGive()
    {
        ModelChoice<ModelMeasures> choice = Choose(new DeploymentLimits(MaxBytes: 1_500_000, MaxDrop: 0.02));
        Assert.Equal((Models[2], false), (choice.Chosen, choice.Fits));
        Assert.Equal(new LimitExcess(Measure.Bytes, 1_500_000, 1_900_000), Assert.Single(choice.Gives));
        choice = Choose(new DeploymentLimits(MaxBytes: 900_000, MaxLatency: TimeSpan.FromMilliseconds(1.5), MaxDrop: 0.5));
        Assert.Equal([Measure.Bytes, Measure.Latency], choice.Gives.Select(g => g.Measure));
    }

    [Fact]
    public void Choose_NeitherSizeNorLatencyLimited_TakesTheSmallestThatLosesNoMoreThanIsAllowed()
    {
        ModelMeasures[] models = [Model(0.900, 8_000_000, 0.008), Model(0.897, 3_000_000, 0.008), Model(0.89, 1_900_000, 0.007), Model(0.89, 2_000_000, 0.001)];
        Assert.Equal(models[1], Of(new DeploymentLimits()));
        Assert.Equal(models[2], Of(new DeploymentLimits(MaxDrop: 0.01)));
        Assert.Equal(models[0], Of(new DeploymentLimits(MaxDrop: 0)));
        Assert.Equal(models[0], Of(new DeploymentLimits(MaxLatency: TimeSpan.FromMilliseconds(8), MaxDrop: 0.01)));

        // Where all lose more, nothing was asked for that could be missed.
        ModelChoice<ModelMeasures> choice = ModelChoices.Choose(models[2..], m => m, 0.9, new DeploymentLimits());
        Assert.Equal((models[2], true), (choice.Chosen, choice.Fits));

        ModelMeasures Of(DeploymentLimits limits) => ModelChoices.Choose(models, m => m, 0.9, limits).Chosen;
    }

    // Parts of 872 and 3,000 examples have no end as decimals.
    [Theory]
    [InlineData(708, 708, 872, 0.0)]
    [InlineData(2990, 2975, 3000, 0.005)]
    [InlineData(2990, 2975, 3000, null)]
    public void Choose_ExactlyAsMuchLostAsIsAllowed_IsAllowed(int right, int least, int examples, double? drop)
    {
        ModelMeasures[] models = [Model((double)(right + 1) / examples, 8_000_000, 0.008), Model((double)least / examples, 1_000_000, 0.008)];
        ModelChoice<ModelMeasures> choice = ModelChoices.Choose(models, m => m, (double)right / examples, new DeploymentLimits(MaxDrop: drop));
        Assert.Equal((models[1], true), (choice.Chosen, choice.Fits));
    }

    [Fact]
    public void Choose_LatenciesThatHardlyDiffer_LeaveItToTheOtherLimits()
    {
        ModelMeasures[] models = [Model(0.9, 340_992, 0.0784e-3), Model(0.9, 73_279, 0.0800e-3), Model(0.9, 60_000, 0.12e-3)];
        var limits = new DeploymentLimits(50_000, TimeSpan.FromMilliseconds(0.01), 0);
        Assert.Equal(models[1], ModelChoices.Choose(models, m => m, 0.9, limits).Chosen);

        // A limit that is kept is kept, and one that is missed by a little is missed.
        limits = new DeploymentLimits(MaxLatency: TimeSpan.FromMilliseconds(0.079));
        ModelMeasures[] close = [models[0] with { Quality = 0.8 }, models[1]];
        ModelChoice<ModelMeasures> choice = ModelChoices.Choose(close, m => m, 0.9, limits);
        Assert.Equal((close[0], true), (choice.Chosen, choice.Fits));
    }

    [Fact]
    public void Choose_NoModels_Throws() => Assert.Throws<CompressionException>(() => ModelChoices.Choose<ModelMeasures>([], m => m, 1, new DeploymentLimits()));

    private static (ModelMeasures Chosen, bool Fits) Chosen(DeploymentLimits limits) => (Choose(limits).Chosen, Choose(limits).Fits);

    private static ModelChoice<ModelMeasures> Choose(DeploymentLimits limits) => ModelChoices.Choose(Models, m => m, quality: 0.9, limits);

    private static ModelMeasures Model(double accuracy, long bytes, double latency) => new(accuracy, bytes, bytes * 8, bytes, latency, 1000);
}
