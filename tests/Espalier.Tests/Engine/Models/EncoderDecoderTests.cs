using Espalier.Engine.Devices;
using Espalier.Engine.Models;

namespace Espalier.Tests.Engine.Models;

public class EncoderDecoderTests
{
    private static readonly int[][] Sources = SmallModels.Sentences(4, 1, 12, 7);
    private static readonly int[][] Targets = SmallModels.Sentences(6, 9, 1, 3);

    public static TheoryData<InstructionSet, NormPlacement> KernelsAndNorms => SmallModels.KernelsAndNorms;

    [Theory]
    [MemberData(nameof(KernelsAndNorms))]
    public void Logits_UnequalSequences_AreThoseOfEachPairAlone(InstructionSet instructions, NormPlacement norm)
    {
        EncoderDecoderConfiguration c = SmallModels.EncoderDecoder with { Norm = norm };
        using var f = new ModelFixture<EncoderDecoder>(p => new EncoderDecoder(p, c), instructions);
        float[] together = Logits(f, Sources, Targets);
        float[] alone = [.. Sources.Zip(Targets, (s, t) => Logits(f, [s], [t])).SelectMany(x => x)];
        SmallModels.AssertClose("logits", alone, together);
    }

    [Fact]
    public void Logits_LaterTokenChanged_StayAsTheyWere()
    {
        using var f = new ModelFixture<EncoderDecoder>(p => new EncoderDecoder(p, SmallModels.EncoderDecoder));
        int[] changed = [.. Targets[0]];
        changed[4] = (changed[4] + 1) % 71;
        float[] before = Logits(f, [Sources[0]], [Targets[0]]), after = Logits(f, [Sources[0]], [changed]);
        Assert.Equal(before[..(4 * 71)], after[..(4 * 71)]);
        Assert.NotEqual(before[(4 * 71)..], after[(4 * 71)..]);
    }

    [Fact]
    public void Logits_WithoutRecording_HaveTheBitsOfThoseWithIt()
    {
        using var f = new ModelFixture<EncoderDecoder>(p => new EncoderDecoder(p, SmallModels.EncoderDecoder));
        float[] recorded = Logits(f, Sources, Targets);
        f.Tape.Recording = false;
        Assert.Equal(recorded, Logits(f, Sources, Targets));
    }

    [Theory]
    [InlineData(LayerSharing.None, 2, 3, 2, 3)]
    [InlineData(LayerSharing.Attention, 1, 1, 2, 3)]
    [InlineData(LayerSharing.All, 1, 1, 1, 1)]
    public void Parameters_OfEverySharing_AreAsManyAsTheFormula(
        LayerSharing sharing, int encoderAttentions, int decoderAttentions, int encoderFeedForwards, int decoderFeedForwards)
    {
        EncoderDecoderConfiguration c = SmallModels.EncoderDecoder with { Sharing = sharing, Norm = NormPlacement.Post };
        (int h, int ff) = (c.Hidden, c.FeedForward);
        int attention = (4 * h * h) + (4 * h) + (2 * h), feedForward = (2 * h * ff) + ff + h + (2 * h);
        int attentions = encoderAttentions + (2 * decoderAttentions), feedForwards = encoderFeedForwards + decoderFeedForwards;
        int expected = (c.Vocabulary * h) + (attentions * attention) + (feedForwards * feedForward);
        using var post = new ModelFixture<EncoderDecoder>(p => new EncoderDecoder(p, c));
        using var pre = new ModelFixture<EncoderDecoder>(p => new EncoderDecoder(p, c with { Norm = NormPlacement.Pre }));
        Assert.Equal(expected, post.Parameters.Count);
        Assert.Equal(expected + (4 * h), pre.Parameters.Count);
    }

    [Theory]
    [InlineData(LayerSharing.Attention)]
    [InlineData(LayerSharing.All)]
    public void Gradients_OfSharedLayers_AreSumsOverTheLayers(LayerSharing sharing)
    {
        EncoderDecoderConfiguration c = SmallModels.EncoderDecoder with { Sharing = sharing };
        using var shared = new ModelFixture<EncoderDecoder>(p => new EncoderDecoder(p, c));
        using var apart = new ModelFixture<EncoderDecoder>(p => new EncoderDecoder(p, c with { Sharing = LayerSharing.None }));
        SharedLayers.Copy(shared, apart);
        Assert.Equal(Logits(shared, Sources, Targets), Logits(apart, Sources, Targets));
        Backward(shared);
        Backward(apart);
        SharedLayers.AssertSums(shared.Gradients(), apart.Gradients());
    }

    [Fact]
    public void Decode_OtherNumberOfSequences_IsRefusedWithBothNumbers()
    {
        using var f = new ModelFixture<EncoderDecoder>(p => new EncoderDecoder(p, SmallModels.EncoderDecoder));
        string message = Assert.Throws<ArgumentException>(() => Logits(f, Sources, Targets[..3])).Message;
        Assert.Contains("3 target sequences for 4 source sequences", message, StringComparison.Ordinal);
    }

    private static float[] Logits(ModelFixture<EncoderDecoder> f, int[][] sources, int[][] targets)
    {
        f.Tape.Reset();
        TokenBatch source = f.Batch(f.Model.Configuration, sources), target = f.Batch(f.Model.Configuration, targets);
        return f.Read(f.Model.Logits(f.Tape, f.Model.Decode(f.Tape, target, f.Model.Encode(f.Tape, source), source.Sequences)));
    }

    private static void Backward(ModelFixture<EncoderDecoder> f)
    {
        f.Tape.Reset();
        TokenBatch source = f.Batch(f.Model.Configuration, Sources), target = f.Batch(f.Model.Configuration, Targets);
        f.Tape.Backward(f.Model.Loss(f.Tape, source, target, target.Ids, 1f / target.Tokens));
    }
}
