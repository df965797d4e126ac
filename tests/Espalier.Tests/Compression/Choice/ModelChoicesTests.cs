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
    public void Choose_NoModels_Throws() => Assert.Throws<CompressionException>(() => ModelChoices.Choose<ModelMeasures>([], m => m, 1, new DeploymentLimits()));

    private static (ModelMeasures Chosen, bool Fits) Chosen(DeploymentLimits limits) => (Choose(limits).Chosen, Choose(limits).Fits);

    private static ModelChoice<ModelMeasures> Choose(DeploymentLimits limits) => ModelChoices.Choose(Models, m => m, quality: 0.9, limits);

    private static ModelMeasures Model(double accuracy, long bytes, double latency) => new(accuracy, bytes, bytes * 8, bytes, latency, 1000);
}
