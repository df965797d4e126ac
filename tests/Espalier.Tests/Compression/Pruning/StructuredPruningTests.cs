using Espalier.Compression;
using Espalier.Compression.Pruning;
using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Models;
using Espalier.Engine.Search;

namespace Espalier.Tests.Compression.Pruning;

public class StructuredPruningTests
{
    private static readonly EncoderConfiguration Whole = new()
    {
        Layers = 2,
        Hidden = 24,
        Heads = 4,
        FeedForward = 20,
        Vocabulary = 30,
        MaximumPositions = 8,
    };

    [Fact]
    public void Shrink_HeadsAndUnitsThatDoNothing_LeaveTheModelWhatItWas()
    {
        using var device = new CpuDevice(1);
        ModelWeights weights = Weights(device, Whole);

        // Head 1 and units 3 and 7 pass nothing on: nothing may change when they, and no others, are taken out.
        foreach (WeightTensor tensor in weights.Tensors)
        {
            if (tensor.Name.EndsWith("attention.output.dense.weight", StringComparison.Ordinal))
                Clear(tensor, column => column / 6 == 1);
            else if (tensor.Name.EndsWith(".output.dense.weight", StringComparison.Ordinal))
                Clear(tensor, column => column is 3 or 7);
        }

        (ModelWeights smaller, EncoderConfiguration configuration) = StructuredPruning.Shrink(weights, Whole, heads: 3, feedForward: 18);
        Assert.Equal((3, 6, 18), (configuration.Heads, configuration.HeadSize, configuration.FeedForward));
        Assert.Equal(Shape.Matrix(18, 24), smaller["encoder.layer.1.attention.self.query.weight"].Shape);
        Assert.Equal(Scores(device, Whole, weights), Scores(device, configuration, smaller), (a, b) => Math.Abs(a - b) < 1e-5);
    }

    [Fact]
    public void Shrink_HeadsAndUnitsOfAnEncoderDecoderThatDoNothing_LeaveItsTranslationsWhatTheyWere()
    {
        EncoderDecoderConfiguration whole = new()
        {
            Layers = 2,
            DecoderLayers = 1,
            Hidden = 24,
            Heads = 4,
            FeedForward = 20,
            Vocabulary = 30,
            MaximumPositions = 12,
        };
        using var device = new CpuDevice(1);
        using var parameters = new ParameterSet(device);
        using var model = new EncoderDecoder(parameters, whole);
        parameters.Allocate(seed: 7, trainable: false);
        ModelWeights weights = ModelWeights.Download(parameters);
        foreach (WeightTensor tensor in weights.Tensors)
        {
            if (tensor.Name.EndsWith(".out_proj.weight", StringComparison.Ordinal))
                Clear(tensor, column => column / 6 == 1);
            else if (tensor.Name.EndsWith(".fc2.weight", StringComparison.Ordinal))
                Clear(tensor, column => column is 3 or 7);
        }

        (ModelWeights smaller, EncoderDecoderConfiguration configuration) = StructuredPruning.Shrink(weights, whole, heads: 3, feedForward: 18);
        Assert.Equal(Shape.Matrix(18, 24), smaller["decoder.layers.0.encoder_attn.k_proj.weight"].Shape);
        Assert.Equal(configuration, EncoderDecoderFormat.Read("config.json", EncoderDecoderFormat.Write(configuration, 0, 1, 2)).ToModel("config.json"));
        (float loss, IReadOnlyList<Hypothesis> found) = Translations(device, whole, weights);
        (float smallerLoss, IReadOnlyList<Hypothesis> smallerFound) = Translations(device, configuration, smaller);
        Assert.Equal(loss, smallerLoss, 1e-4f);
        Assert.All(found.Zip(smallerFound), pair => Assert.Equal(pair.First.Score, pair.Second.Score, 1e-4));
        Assert.Equal(found.Select(h => string.Join(' ', h.Tokens)), smallerFound.Select(h => string.Join(' ', h.Tokens)));
    }

    [Theory]
    [InlineData(0, 20, "0 attention heads to keep in each layer; expected 1 to 4")]
    [InlineData(4, 21, "21 feed-forward units to keep in each layer; expected 1 to 20")]
    public void Shrink_ToMoreThanThereAre_Throws(int heads, int units, string expected)
    {
        using var device = new CpuDevice(1);
        ModelWeights weights = Weights(device, Whole);
        Assert.Contains(expected, Assert.Throws<UnfitSettingException>(
            () => StructuredPruning.Shrink(weights, Whole, heads, units)).Message, StringComparison.Ordinal);
    }

    private static void Clear(WeightTensor matrix, Func<int, bool> columns)
    {
        for (int i = 0; i < matrix.Values.Length; i++)
        {
            if (columns(i % matrix.Shape.Columns))
                matrix.Values[i] = 0;
        }
    }

    // Both ways that a decoder is run: all tokens at once, and one after the other.
    private static (float Loss, IReadOnlyList<Hypothesis> Found) Translations(
        Device device, EncoderDecoderConfiguration configuration, ModelWeights weights)
    {
        using var parameters = new ParameterSet(device);
        using var model = new EncoderDecoder(parameters, configuration);
        parameters.Allocate(seed: 0, trainable: false);
        weights.Upload(parameters);
        using var tape = new Tape(device) { Training = false, Recording = false };
        TokenBatch source = TokenBatch.Upload(tape, [5, 6, 7, 2, 8, 2], [0, 4, 6], configuration);
        TokenBatch target = TokenBatch.Upload(tape, [0, 9, 10, 0, 11], [0, 3, 5], configuration);
        float[] loss = [0];
        device.Download(model.Loss(tape, source, target, tape.Upload([9, 10, 2, 11, 2]), 1).Data, loss);
        return (loss[0], new BeamSearch(model, new BeamSettings { Beam = 2 }).Search(tape, [[5, 6, 7, 2], [8, 2]]));
    }

    private static ModelWeights Weights(Device device, EncoderConfiguration configuration)
    {
        using var parameters = new ParameterSet(device);
        _ = new SequenceClassifier(parameters, configuration, 2);
        parameters.Allocate(seed: 7, trainable: false);
        return ModelWeights.Download(parameters).Select(t => t.Kind is ModuleKind.Bias or ModuleKind.Norm
            ? [.. t.Values.Select((v, i) => v + (0.01f * (i % 5)))] : [.. t.Values.Select(v => 10 * v)]);
    }

    private static float[] Scores(Device device, EncoderConfiguration configuration, ModelWeights weights)
    {
        using var parameters = new ParameterSet(device);
        var model = new SequenceClassifier(parameters, configuration, 2);
        parameters.Allocate(seed: 0, trainable: false);
        weights.Upload(parameters);
        using var tape = new Tape(device);
        Tensor logits = model.Logits(tape, TokenBatch.Upload(tape, [1, 2, 3, 4, 5, 6, 7], [0, 3, 7], configuration));
        float[] scores = new float[4];
        device.Download(logits.Data, scores);
        return scores;
    }
}
