using Espalier.Engine.Devices;
using Espalier.Engine.Models;

namespace Espalier.Tests.Engine.Models;

/// <summary>The encoder under its two heads.</summary>
public class EncoderTests
{
    public static TheoryData<InstructionSet, NormPlacement> KernelsAndNorms => SmallModels.KernelsAndNorms;

    [Theory]
    [MemberData(nameof(KernelsAndNorms))]
    public void MaskedLanguageModel_UnequalSequences_GivesTheLogitsOfEachAlone(InstructionSet instructions, NormPlacement norm)
    {
        EncoderConfiguration configuration = SmallModels.Encoder with { Norm = norm };
        using var f = new ModelFixture<MaskedLanguageModel>(p => new MaskedLanguageModel(p, configuration), instructions);
        int[][] sentences = SmallModels.Sentences(5, 1, 20, 13, 2);
        int tokens = sentences.Sum(s => s.Length);
        float[] together = f.Read(
            f.Model.Logits(f.Tape, f.Batch(configuration, sentences), f.Tape.Upload([.. Enumerable.Range(0, tokens)])));
        List<float> alone = [];
        foreach (int[] sentence in sentences)
        {
            f.Tape.Reset();
            alone.AddRange(f.Read(f.Model.Logits(
                f.Tape, f.Batch(configuration, sentence), f.Tape.Upload([.. Enumerable.Range(0, sentence.Length)]))));
        }

        SmallModels.AssertClose("logits", alone.ToArray(), together);
    }

    [Theory]
    [MemberData(nameof(KernelsAndNorms))]
    public void SequenceClassifier_UnequalSequences_GivesTheLogitsOfEachAlone(InstructionSet instructions, NormPlacement norm)
    {
        EncoderConfiguration configuration = SmallModels.Encoder with { Norm = norm };
        using var f = new ModelFixture<SequenceClassifier>(p => new SequenceClassifier(p, configuration, 3), instructions);
        int[][] sentences = SmallModels.Sentences(4, 1, 17, 9);
        float[] together = f.Read(f.Model.Logits(f.Tape, f.Batch(configuration, sentences)));
        List<float> alone = [];
        foreach (int[] sentence in sentences)
        {
            f.Tape.Reset();
            alone.AddRange(f.Read(f.Model.Logits(f.Tape, f.Batch(configuration, sentence))));
        }

        SmallModels.AssertClose("logits", alone.ToArray(), together);
    }

    [Fact]
    public void Logits_WithoutRecording_HaveTheBitsOfThoseWithIt()
    {
        using var f = new ModelFixture<SequenceClassifier>(p => new SequenceClassifier(p, SmallModels.Encoder, 3));
        float[] recorded = Logits(f), unrecorded;
        f.Tape.Recording = false;
        unrecorded = Logits(f);
        Assert.Equal(recorded, unrecorded);
    }

    [Theory]
    [InlineData(0.4f, 0f)]
    [InlineData(0f, 0.4f)]
    public void Dropout_InEvaluation_DropsNothing(float dropout, float attentionDropout)
    {
        EncoderConfiguration dropping = SmallModels.Encoder with { Dropout = dropout, AttentionDropout = attentionDropout };
        using var without = new ModelFixture<SequenceClassifier>(p => new SequenceClassifier(p, SmallModels.Encoder, 3));
        using var with = new ModelFixture<SequenceClassifier>(p => new SequenceClassifier(p, dropping, 3));
        Assert.Equal(Logits(without), Logits(with));
        with.Tape.Training = true;
        float[] first = Logits(with);
        Assert.NotEqual(Logits(without), first);
        Assert.Equal(first, Logits(with));
        with.Tape.Step = 1;
        Assert.NotEqual(first, Logits(with));
    }

    [Theory]
    [InlineData(LayerSharing.None, 3, 3)]
    [InlineData(LayerSharing.Attention, 1, 3)]
    [InlineData(LayerSharing.All, 1, 1)]
    public void Parameters_OfEverySharing_AreAsManyAsTheFormula(LayerSharing sharing, int attentions, int feedForwards)
    {
        EncoderConfiguration c = SmallModels.Encoder with { Sharing = sharing };
        (int h, int ff, int v) = (c.Hidden, c.FeedForward, c.Vocabulary);
        int stack = (attentions * ((4 * h * h) + (4 * h) + (2 * h))) + (feedForwards * ((2 * h * ff) + ff + h + (2 * h)));
        int body = ((v + c.MaximumPositions) * h) + (2 * h) + stack;
        int head = (h * h) + h + (2 * h) + v;
        foreach ((NormPlacement norm, int final) in new[] { (NormPlacement.Pre, 2 * h), (NormPlacement.Post, 0) })
        {
            using var f = new ModelFixture<MaskedLanguageModel>(p => new MaskedLanguageModel(p, c with { Norm = norm }));
            Assert.Equal(body + final + head, f.Parameters.Count);
        }
    }

    [Theory]
    [InlineData(LayerSharing.Attention, NormPlacement.Pre)]
    [InlineData(LayerSharing.All, NormPlacement.Pre)]
    [InlineData(LayerSharing.All, NormPlacement.Post)]
    public void Gradients_OfSharedLayers_AreSumsOverTheLayers(LayerSharing sharing, NormPlacement norm)
    {
        EncoderConfiguration c = SmallModels.Encoder with { Sharing = sharing, Norm = norm };
        using var shared = new ModelFixture<SequenceClassifier>(p => new SequenceClassifier(p, c, 3));
        using var apart = new ModelFixture<SequenceClassifier>(p => new SequenceClassifier(p, c with { Sharing = LayerSharing.None }, 3));
        SharedLayers.Copy(shared, apart);
        Assert.Equal(Logits(shared), Logits(apart));
        Backward(shared);
        Backward(apart);
        SharedLayers.AssertSums(shared.Gradients(), apart.Gradients());
    }

    private static float[] Logits(ModelFixture<SequenceClassifier> f)
    {
        f.Tape.Reset();
        return f.Read(f.Model.Logits(f.Tape, f.Batch(SmallModels.Encoder, SmallModels.Sentences(4, 11, 7))));
    }

    private static void Backward(ModelFixture<SequenceClassifier> f)
    {
        f.Tape.Reset();
        f.Tape.Backward(f.Model.Loss(
            f.Tape, f.Batch(SmallModels.Encoder, SmallModels.Sentences(4, 11, 7)), f.Tape.Upload([2, 0, 1]), 1f / 3));
    }
}
