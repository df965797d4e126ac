using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Models;

namespace Espalier.Tests.Engine.Models;

public sealed class IncrementalDecoderTests
{
    private static readonly int[][] Sources = SmallModels.Sentences(5, 1, 12);

    public static TheoryData<InstructionSet, NormPlacement> KernelsAndNorms => SmallModels.KernelsAndNorms;

    [Theory]
    [MemberData(nameof(KernelsAndNorms))]
    public void Step_BeamsReorderedAndSourcesFinished_GivesTheLogitsOfTheWholeHypotheses(InstructionSet instructions, NormPlacement norm)
    {
        using ModelFixture<EncoderDecoder> f = Fixture(instructions, norm), whole = Fixture(instructions, norm);
        using IncrementalDecoder decoder = Begin(f);

        // Hypotheses of each source, and the parent of each: beams widen, change places, narrow and end.
        (int[] Counts, int[] Parents)[] steps =
        [
            ([1, 2, 1], []),
            ([3, 2, 1], [0, 0, 0, 2, 1, 3]),
            ([3, 2, 1], []),
            ([2, 0, 3], [2, 1, 5, 5, 5]),
            ([1, 0, 3], [0, 4, 2, 3]),
            ([0, 0, 2], [3, 1]),
            ([0, 0, 2], []),
        ];
        List<int[]> hypotheses = [[], [], [], []];
        int token = 3;
        foreach ((int[] counts, int[] parents) in steps)
        {
            hypotheses = [.. Enumerable.Range(0, counts.Sum())
                .Select(b => (int[])[.. hypotheses[parents.Length == 0 ? b : parents[b]], token = ((token * 7) + 5) % 71])];
            float[] logits = f.Read(decoder.Step([.. hypotheses.Select(h => h[^1])], counts, parents));
            int[] sources = [.. counts.SelectMany((count, s) => Enumerable.Repeat(s, count))];
            float[] expected = [.. hypotheses.Zip(sources, (h, s) => LastLogits(whole, Sources[s], h)).SelectMany(x => x)];
            SmallModels.AssertClose($"logits of step {decoder.Length}", expected, logits);
        }

        Assert.Equal(steps.Length, decoder.Length);
    }

    [Theory]
    [InlineData(new[] { 1, 2 }, new[] { 1, 1 }, new int[0], "2 counts of hypotheses for 3 source sentences")]
    [InlineData(new[] { 1, 2 }, new[] { 1, 1, 1 }, new int[0], "2 tokens for 3 hypotheses")]
    [InlineData(new[] { 1, 2 }, new[] { 1, 1, 0 }, new int[0], "0 parents for 2 hypotheses after 3")]
    [InlineData(new[] { 1, 2 }, new[] { 1, 1, 0 }, new[] { 0 }, "1 parents for 2 hypotheses after 3")]
    [InlineData(new[] { 1, 2, 3 }, new[] { 1, 1, 1 }, new[] { 0, 1, 3 }, "parent 3")]
    [InlineData(new[] { 1, 2, 3 }, new[] { 1, 1, 1 }, new[] { 0, -1, 2 }, "parent -1")]
    [InlineData(new[] { 1, 2, 3 }, new[] { -1, 2, 2 }, new[] { 0, 1, 2 }, "-1")]
    [InlineData(new[] { 1, 71, 3 }, new[] { 1, 1, 1 }, new int[0], "71")]
    public void Step_WrongTokensCountsOrParents_IsRefusedAndMayBeRepaired(int[] tokens, int[] counts, int[] parents, string fault)
    {
        using ModelFixture<EncoderDecoder> f = Fixture(), whole = Fixture();
        using IncrementalDecoder decoder = Begin(f);
        decoder.Step([4, 5, 6], [1, 1, 1], []);
        Assert.Contains(fault, Assert.Throws<ArgumentException>(() => decoder.Step(tokens, counts, parents)).Message, StringComparison.Ordinal);
        float[] logits = f.Read(decoder.Step([7, 8, 9], [1, 1, 1], []));
        float[] expected = [.. LastLogits(whole, Sources[0], [4, 7]), .. LastLogits(whole, Sources[1], [5, 8]), .. LastLogits(whole, Sources[2], [6, 9])];
        SmallModels.AssertClose("logits", expected, logits);
    }

    [Fact]
    public void Step_MoreTokensThanTheCacheBeginsWith_GivesTheLogitsOfTheWholeHypotheses()
    {
        using ModelFixture<EncoderDecoder> f = Fixture(), whole = Fixture();
        using IncrementalDecoder decoder = Begin(f);
        List<int>[] hypotheses = [[], [], []];
        for (int t = 0; t < 19; t++)
        {
            for (int i = 0; i < hypotheses.Length; i++)
            {
                hypotheses[i].Add(((t * 7) + (i * 11)) % 71);
            }

            float[] logits = f.Read(decoder.Step([.. hypotheses.Select(h => h[^1])], [1, 1, 1], []));
            float[] expected = [.. hypotheses.SelectMany((h, i) => LastLogits(whole, Sources[i], [.. h]))];
            SmallModels.AssertClose($"logits of step {t}", expected, logits);
        }
    }

    [Fact]
    public void Step_PastTheLastPosition_IsRefusedWithItsNumber()
    {
        using ModelFixture<EncoderDecoder> f = Fixture();
        using IncrementalDecoder decoder = Begin(f);
        for (int t = 0; t < SmallModels.EncoderDecoder.MaximumPositions; t++)
        {
            decoder.Step([1, 2, 3], [1, 1, 1], []);
        }

        Assert.Contains("20 tokens", Assert.Throws<ArgumentException>(() => decoder.Step([1, 2, 3], [1, 1, 1], [])).Message, StringComparison.Ordinal);
    }

    private static ModelFixture<EncoderDecoder> Fixture(InstructionSet? instructions = null, NormPlacement norm = NormPlacement.Post)
        => new(p => new EncoderDecoder(p, SmallModels.EncoderDecoder with { Norm = norm }), instructions) { Tape = { Recording = false } };

    private static IncrementalDecoder Begin(ModelFixture<EncoderDecoder> f)
        => f.Model.BeginDecoding(
            f.Tape, f.Model.Encode(f.Tape, f.Batch(f.Model.Configuration, Sources)), ModelFixture<EncoderDecoder>.Offsets(Sources));

    private static float[] LastLogits(ModelFixture<EncoderDecoder> f, int[] source, int[] hypothesis)
    {
        f.Tape.Reset();
        TokenBatch from = f.Batch(f.Model.Configuration, source), to = f.Batch(f.Model.Configuration, hypothesis);
        Tensor decoded = f.Model.Decode(f.Tape, to, f.Model.Encode(f.Tape, from), from.Sequences);
        return f.Read(f.Model.Logits(f.Tape, decoded))[((hypothesis.Length - 1) * 71)..];
    }
}
