using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Kernels;
using Espalier.Engine.Models;
using Espalier.Engine.Optimizers;

namespace Espalier.Tests.Engine.Models;

/// <summary>What a whole model keeps, skips and refuses between a forward pass and the next.</summary>
public class TapeLifetimeTests
{
    private static readonly int[][] Sequences = SmallModels.Sentences(7, 12);

    [Fact]
    public void Backward_WithScoresTakenOnTheSide_GivesTheSameGradients()
    {
        using ModelFixture<MaskedLanguageModel> alone = Fixture(SmallModels.Encoder), beside = Fixture(SmallModels.Encoder);
        alone.Tape.Backward(Loss(alone));
        TokenBatch batch = beside.Batch(SmallModels.Encoder, Sequences);
        beside.Model.Logits(beside.Tape, batch, beside.Tape.Upload([3, 9]));
        beside.Tape.Backward(Loss(beside));
        foreach ((string name, float[] expected) in alone.Gradients())
        {
            Assert.Equal(expected, beside.Gradients()[name]);
        }
    }

    [Fact]
    public void Forward_WithoutRecording_KeepsNoMoreForMoreLayers()
    {
        long Peak(int layers)
        {
            using ModelFixture<MaskedLanguageModel> f = Fixture(SmallModels.Encoder with { Layers = layers });
            f.Tape.Recording = false;
            f.Model.Logits(f.Tape, f.Batch(SmallModels.Encoder, Sequences), f.Tape.Upload([3, 9]));
            return f.Tape.PeakBytes;
        }

        Assert.Equal(Peak(2), Peak(9));
    }

    [Fact]
    public void Allocate_ASecondTime_IsRefused()
    {
        using ModelFixture<MaskedLanguageModel> f = Fixture(SmallModels.Encoder);
        Assert.Throws<InvalidOperationException>(() => f.Parameters.Allocate(seed: 2));
    }

    [Fact]
    public void Forward_AfterTheParametersWereDisposed_IsRefused()
    {
        using ModelFixture<MaskedLanguageModel> f = Fixture(SmallModels.Encoder);
        f.Parameters.Dispose();
        TokenBatch batch = f.Batch(SmallModels.Encoder, Sequences);
        Assert.Throws<ArgumentException>(() => f.Model.Logits(f.Tape, batch, f.Tape.Upload([3, 9])));
    }

    [Fact]
    public void Download_AfterTheTapeWasDisposed_IsRefused()
    {
        using ModelFixture<MaskedLanguageModel> f = Fixture(SmallModels.Encoder);
        Tensor loss = Loss(f);
        f.Tape.Dispose();
        Assert.Throws<ArgumentException>(() => f.Device.Download(loss.Data, new float[1]));
    }

    [Fact]
    public void Loss_OfNoMaskedToken_IsRefused()
    {
        using ModelFixture<MaskedLanguageModel> f = Fixture(SmallModels.Encoder);
        TokenBatch batch = f.Batch(SmallModels.Encoder, Sequences);
        var fault = Assert.Throws<ArgumentException>(() => f.Model.Loss(f.Tape, batch, f.Tape.Upload([]), f.Tape.Upload([]), 1f / 0));
        Assert.Contains("nothing to predict", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void ClippingScale_OfADivergedGradient_Throws(float norm)
        => Assert.Throws<ArithmeticException>(() => AdamW.ClippingScale(norm, 1));

    [Fact]
    public void Relu_OfNaN_StaysNaN()
    {
        foreach (InstructionSet set in Enum.GetValues<InstructionSet>().Where(s => s <= InstructionSets.Widest))
        {
            using var device = new CpuDevice(1, set);
            using var tape = new Tape(device);
            Tensor x = tape.New(Shape.Vector(40)), y = tape.New(Shape.Vector(40));
            device.Kernels.Fill(x.Data, float.NaN);
            device.Kernels.Activate(Activation.Relu, x.Data, y.Data, default);
            float[] values = new float[40];
            device.Download(y.Data, values);
            Assert.All(values, v => Assert.True(float.IsNaN(v), $"{set} made {v} of NaN"));
        }
    }

    [Fact]
    public void BeginDecoding_OnARecordingTape_IsRefused()
    {
        using var f = new ModelFixture<EncoderDecoder>(p => new EncoderDecoder(p, SmallModels.EncoderDecoder));
        Tensor memory = f.Model.Encode(f.Tape, f.Batch(SmallModels.EncoderDecoder, Sequences));
        Assert.Throws<InvalidOperationException>(() => f.Model.BeginDecoding(f.Tape, memory, [0, 7, 19]));
        f.Tape.Recording = false;
        Assert.Throws<ArgumentException>(() => f.Model.BeginDecoding(f.Tape, memory, [0, 7]));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Training_OfSeveralBlocksOnAnyTeam_RepeatsItsBits(int threads)
    {
        // Large enough that every kernel splits its work among the team and products have several blocks.
        EncoderConfiguration configuration = new() { Layers = 1, Hidden = 128, Vocabulary = 600, MaximumPositions = 64 };
        Assert.Equal(Train(), Train());

        float[] Train()
        {
            using var device = new CpuDevice(threads);
            using var parameters = new ParameterSet(device);
            var model = new MaskedLanguageModel(parameters, configuration);
            parameters.Allocate(seed: 3);
            using var optimizer = new AdamW(parameters);
            using var tape = new Tape(device) { Training = true, Seed = 3 };
            int[] ids = [.. Enumerable.Range(0, 448).Select(i => i * 37 % 600)], masked = [.. Enumerable.Range(0, 64).Select(i => i * 7)];
            for (uint step = 0; step < 4; step++)
            {
                tape.Reset();
                tape.Step = step;
                TokenBatch batch = TokenBatch.Upload(tape, ids, [0, 64, 128, 180, 192, 256, 320, 384, 448], configuration);
                tape.Backward(model.Loss(tape, batch, tape.Upload(masked), tape.Upload(masked), 1f / 64));
                optimizer.Step(1e-3f);
            }

            float[] weights = new float[parameters.Weights.Length];
            device.Download(parameters.Weights, weights);
            return weights;
        }
    }

    private static ModelFixture<MaskedLanguageModel> Fixture(EncoderConfiguration configuration)
        => new(p => new MaskedLanguageModel(p, configuration));

    private static Tensor Loss(ModelFixture<MaskedLanguageModel> f)
        => f.Model.Loss(f.Tape, f.Batch(SmallModels.Encoder, Sequences), f.Tape.Upload([2, 8, 15]), f.Tape.Upload([5, 6, 7]), 1f / 3);
}
