using Espalier.Compression.Analysis;
using Espalier.Engine.Random;

namespace Espalier.Tests.Compression.Analysis;

public class ParetoFrontierTests
{
    [Fact]
    public void Of_AnyTwoMeasures_IsWhatNoOtherBeats()
    {
        var random = new RandomStream(1, 0);
        // Few distinct values, so that there are ties.
        ModelMeasures[] models = [.. Enumerable.Range(0, 60).Select(_ => new ModelMeasures(Small() / 8.0, Small(), Small(), Small(), Small(), Small()))];
        foreach (Measure first in Enum.GetValues<Measure>())
        {
            foreach (Measure second in Enum.GetValues<Measure>().Where(m => m != first))
            {
                ModelMeasures[] expected = [.. models.Where(m => !models.Any(other => Beats(other, m, first, second)))];
                IReadOnlyList<ModelMeasures> frontier = ParetoFrontier.Of(models, m => m, first, second);
                Assert.Equal(expected.ToHashSet(), frontier.ToHashSet());
                Assert.Equal(expected.Length, frontier.Count);
            }
        }

        int Small() => 1 + (int)(random.NextUInt32() % 8);
    }

    private static bool Beats(ModelMeasures a, ModelMeasures b, Measure first, Measure second)
        => Merit(a, first) >= Merit(b, first) && Merit(a, second) >= Merit(b, second)
            && (Merit(a, first) > Merit(b, first) || Merit(a, second) > Merit(b, second));

    private static double Merit(ModelMeasures m, Measure measure) => measure is Measure.Quality or Measure.TokensPerSecond ? m[measure] : -m[measure];
}
