using Espalier.Engine.Autograd;
using Espalier.Engine.Autograd.Ops;
using Espalier.Engine.Models;
using Espalier.Engine.Search;
using Espalier.Tests.Engine.Models;

namespace Espalier.Tests.Engine.Search;

public class BeamSearchTests
{
    private static readonly EncoderDecoderConfiguration Tiny = SmallModels.EncoderDecoder with { Vocabulary = 5, Hidden = 12 };

    private static readonly int[][] TinySources = [[3, 1, 4, 2], [4, 2], [1, 1, 3, 3, 0, 2], [0, 2]];

    [Theory]
    [InlineData(0)]
    [InlineData(0.6)]
    [InlineData(2)]
    public void Search_BeamWithRoomForEveryTarget_FindsTheBestThereIs(double penalty)
    {
        var settings = new BeamSettings { Beam = 200, LengthPenalty = penalty, LengthFactor = 0, LengthOffset = 3 };
        using ModelFixture<EncoderDecoder> f = new(p => new EncoderDecoder(p, Tiny)), whole = new(p => new EncoderDecoder(p, Tiny));
        IReadOnlyList<Hypothesis> found = new BeamSearch(f.Model, settings).Search(f.Tape, TinySources);
        for (int i = 0; i < TinySources.Length; i++)
        {
            (int[] target, double score) = Targets(3).Select(t => (t, ScoreOf(whole, TinySources[i], t, settings))).MaxBy(x => x.Item2);
            Assert.Equal(target, found[i].Tokens);
            Assert.Equal(score, found[i].Score, 1e-4);
        }
    }

    // Long enough that the cache of keys grows while hypotheses change places.
    [Theory]
    [InlineData(2, 0)]
    [InlineData(4, 0.6)]
    [InlineData(7, 0.6)]
    public void Search_ABeamOfManySymbols_FindsWhatAPlainBeamFinds(int beam, double penalty)
    {
        var settings = new BeamSettings { Beam = beam, LengthPenalty = penalty, LengthFactor = 0, LengthOffset = 100, Excluded = [0, 33] };
        using ModelFixture<EncoderDecoder> f = new(p => new EncoderDecoder(p, SmallModels.EncoderDecoder)),
            whole = new(p => new EncoderDecoder(p, SmallModels.EncoderDecoder));
        int[][] sources = SmallModels.Sentences(5, 1, 12, 3);
        IReadOnlyList<Hypothesis> found = new BeamSearch(f.Model, settings).Search(f.Tape, sources);
        for (int i = 0; i < sources.Length; i++)
        {
            (int[] tokens, double score) = PlainBeam(whole, sources[i], settings, SmallModels.EncoderDecoder.MaximumPositions - 1);
            Assert.Equal(tokens, found[i].Tokens);
            Assert.Equal(score, found[i].Score, 1e-3);
        }
    }

    // Batches of 24 × 4 hypotheses take the products of many rows, one sentence those of few.
    [Theory]
    [InlineData(1, 4)]
    [InlineData(4, 4)]
    [InlineData(1, 24)]
    [InlineData(4, 24)]
    public void Search_ManySentences_FindsWhatItFindsForEachAlone(int beam, int batch)
    {
        int[][] sources = SmallModels.Sentences(5, 1, 12, 3, 3, 8, 17, 2, 9, 1, 4, 6, 7, 10, 11, 13, 14, 15, 16, 18, 2, 3, 5, 8, 9, 12);
        using ModelFixture<EncoderDecoder> f = new(p => new EncoderDecoder(p, SmallModels.EncoderDecoder));
        var search = new BeamSearch(f.Model, new BeamSettings { Beam = beam, BatchSentences = batch });
        IReadOnlyList<Hypothesis> together = search.Search(f.Tape, sources);
        Assert.Equal(together.Select(h => h.Tokens), search.Search(f.Tape, sources).Select(h => h.Tokens));
        for (int i = 0; i < sources.Length; i++)
        {
            Hypothesis alone = search.Search(f.Tape, [sources[i]])[0];
            Assert.Equal(alone.Tokens, together[i].Tokens);
            Assert.Equal(alone.Score, together[i].Score, 1e-4);
        }
    }

    [Fact]
    public void Search_BeamOfOne_TakesTheLikeliestTokenOfTheWholeComputation()
    {
        var settings = new BeamSettings { Beam = 1, LengthFactor = 0, LengthOffset = 100 };
        using ModelFixture<EncoderDecoder> f = new(p => new EncoderDecoder(p, SmallModels.EncoderDecoder)),
            whole = new(p => new EncoderDecoder(p, SmallModels.EncoderDecoder));
        foreach (int[] source in SmallModels.Sentences(5, 1, 12, 9))
        {
            Hypothesis found = new BeamSearch(f.Model, settings).Search(f.Tape, [source])[0];
            List<int> expected = [];
            while (expected.Count < SmallModels.EncoderDecoder.MaximumPositions - 1)
            {
                float[] scores = LogProbabilities(whole, source, [.. expected])[^1];
                int best = Array.IndexOf(scores, scores.Max());
                if (best == settings.End)
                {
                    break;
                }

                expected.Add(best);
            }

            Assert.Equal(expected, found.Tokens);
            Assert.Equal(ScoreOf(whole, source, found.Tokens, settings), found.Score, 1e-3);
        }
    }

    [Fact]
    public void Search_ModelThatGivesNoNumbers_EndsWithEmptyTargets()
    {
        using ModelFixture<EncoderDecoder> f = new(p => new EncoderDecoder(p, Tiny));
        f.Device.Kernels.Fill(f.Parameters.Weights, float.NaN);
        Assert.All(new BeamSearch(f.Model, new BeamSettings()).Search(f.Tape, TinySources), h => Assert.Empty(h.Tokens));
    }

    [Fact]
    public void Validate_EveryFault_IsNamed()
    {
        var settings = new BeamSettings { Begin = -1, Beam = 0, LengthPenalty = -1, LengthFactor = double.NaN, LengthOffset = -1, BatchSentences = 0 };
        Assert.Equal(6, settings.Validate().Count);
        using ModelFixture<EncoderDecoder> f = new(p => new EncoderDecoder(p, Tiny));
        Assert.Throws<ConfigurationException>(() => new BeamSearch(f.Model, settings));
    }

    // Every target of at most so many tokens, its end not counted.
    private static IEnumerable<int[]> Targets(int longest)
    {
        List<int[]> last = [[]];
        for (int length = 0; length <= longest; length++)
        {
            foreach (int[] target in last)
            {
                yield return target;
            }

            last = [.. last.SelectMany(t => new[] { 0, 1, 3, 4 }.Select(token => (int[])[.. t, token]))];
        }
    }

    // Whole computations, every symbol, and no end before all places are taken or the length is reached.
    private static (int[] Tokens, double Score) PlainBeam(ModelFixture<EncoderDecoder> f, int[] source, BeamSettings settings, int longest)
    {
        List<(int[] Tokens, double Sum)> live = [([], 0)];
        (int[] Tokens, double Score) best = ([], double.NegativeInfinity);
        int places = settings.Beam;
        for (int length = 0; live.Count > 0; length++)
        {
            (int[] Before, int Token, double Sum)[] next =
            [
                .. live.SelectMany(h => LogProbabilities(f, source, h.Tokens)[^1].Select((score, token) => (h.Tokens, token, h.Sum + score)))
                    .Where(c => length == longest ? c.token == settings.End : !settings.Excluded.Contains(c.token))
                    .OrderByDescending(c => c.Item3).Take(places),
            ];
            live = [.. next.Where(c => c.Token != settings.End).Select(c => ((int[])[.. c.Before, c.Token], c.Sum))];
            places = live.Count;
            foreach ((int[] tokens, _, double sum) in next.Where(c => c.Token == settings.End))
            {
                double score = sum / Math.Pow((6.0 + length) / 6, settings.LengthPenalty);
                best = score > best.Score ? (tokens, score) : best;
            }
        }

        return best;
    }

    private static double ScoreOf(ModelFixture<EncoderDecoder> f, int[] source, int[] target, BeamSettings settings)
    {
        float[][] scores = LogProbabilities(f, source, target);
        return target.Append(settings.End).Select((token, t) => (double)scores[t][token]).Sum() / Math.Pow((6.0 + target.Length) / 6, settings.LengthPenalty);
    }

    // The model's, of every symbol after each beginning of the target.
    private static float[][] LogProbabilities(ModelFixture<EncoderDecoder> f, int[] source, int[] target)
    {
        (f.Tape.Recording, f.Tape.Training) = (false, false);
        f.Tape.Reset();
        TokenBatch from = f.Batch(f.Model.Configuration, source), to = f.Batch(f.Model.Configuration, [0, .. target]);
        Tensor decoded = f.Model.Decode(f.Tape, to, f.Model.Encode(f.Tape, from), from.Sequences);
        return [.. f.Read(LogSoftmax.Apply(f.Tape, f.Model.Logits(f.Tape, decoded))).Chunk(f.Model.Configuration.Vocabulary)];
    }
}
