using Espalier.Compression.Choice;
using Espalier.Pipeline.Jobs;
using Espalier.Pipeline.Reports;

namespace Espalier.Tests.Pipeline.Jobs;

public class PackageMeasureTests
{
    [Theory]
    [InlineData(990_000, 1_000_000, false)]
    [InlineData(997_000, 997_500, true)]
    [InlineData(998_993, 2_000_000, false)]
    public void With_ACardThatSaysTheSize_CountsTheCardItself(long files, long limit, bool missed)
    {
        var measure = new PackageMeasure(new ReportOutcome { Package = "package", Layers = 1, Hidden = 1, Parameters = 1, Bytes = files, Seconds = 1 }, null, null);

        // A card that grows where the goal is missed, and with the number's digits.
        (PackageMeasure with, byte[] card) = measure.With(
            outcome => $"{outcome.Bytes:N0}{new string('.', 1000)}{(outcome.Missed!.Count > 0 ? new string('!', 2000) : "")}", new DeploymentLimits(limit));
        Assert.Equal(files + card.Length, with.Outcome.Bytes);
        Assert.Equal(missed, with.Outcome.Missed!.Count > 0);
        Assert.StartsWith($"{with.Outcome.Bytes:N0}", System.Text.Encoding.UTF8.GetString(card), StringComparison.Ordinal);
    }
}
