using Espalier.Compression;
using Espalier.Compression.Pruning;
using Espalier.Compression.Quantization;
using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Models;
using Espalier.Engine.Random;
using Espalier.Inference;
using Espalier.Pipeline.Packages;
using Espalier.Tests.Text;
using Espalier.Text.Labelled;
using Espalier.Training.Runs;

namespace Espalier.Tests.Pipeline.Packages;

public sealed class ModelQuantizationTests : IDisposable
{
    private const string Keen = "encoder.layer.0.intermediate.dense.weight";

    private readonly TemporaryFolder _folder = new();
    private readonly TextInput[] _texts = [.. Enumerable.Range(0, 40).Select(i => new TextInput($"tree{i % 7} and {i * 13} espalier {i}"))];

    [Fact]
    public void WriteWithin_OneTensorAloneThatMatters_GivesItTheMostBits()
    {
        // What has two values is exact at any number of bits. The change of any other tensor that was not undone would show in those after it.
        Write(t => t.Name == Keen ? Normal(t, 0.3f) : [.. Normal(t, 1).Select(v => Middle(t) + (v < 0 ? -Spread(t) : Spread(t)))]);
        QuantizationOutcome outcome = Within(HalfWay());
        Assert.Equal((Keen, 8), (outcome.Chosen[0].Tensor, outcome.Chosen[0].Bits));
        Assert.True(outcome.Chosen[0].Sensitivity > 1e-6, $"{outcome.Chosen[0]}");
        Assert.All(outcome.Chosen.Skip(1), c => Assert.True(c.Sensitivity < 1e-3 * outcome.Chosen[0].Sensitivity, $"{c}"));
        Assert.Contains(outcome.Chosen, c => c.Bits < 8);
        Assert.All(Divergences(_folder["package"]), d => Assert.True(d < outcome.Chosen[0].Sensitivity));
    }

    [Fact]
    public void WriteWithin_SizeOfUniformBits_IsUsedToTheLastPerCentsAndLosesLess()
    {
        Write(t => [.. Normal(t, Spread(t)).Select(v => Middle(t) + v)]);
        long uniform = new ModelQuantization(_folder["model"], new QuantizationSettings { Bits = 4 }).Write(_folder["uniform"]).Bytes;
        QuantizationOutcome outcome = Within(uniform);
        Assert.Equal(outcome.Bytes, Directory.EnumerateFiles(_folder["package"]).Sum(f => new FileInfo(f).Length));
        Assert.InRange(outcome.Bytes, 0.97 * uniform, uniform);
        double mixed = Divergences(_folder["package"]).Average(), same = Divergences(_folder["uniform"]).Average();
        Assert.True(mixed < same, $"{mixed} against {same}");
    }

    [Theory]
    [InlineData]
    [InlineData("encoder*")]
    public void WriteWithin_PrunedModel_KeepsToTheSizeToTheByte(params string[] keep)
    {
        Write(t => [.. Normal(t, Spread(t)).Select(v => Middle(t) + v)]);
        StoredModel model = StoredModel.Load(_folder["model"]);
        WeightMasks masks = MagnitudePruning.Prune(model.Weights, 0.9, new PruningSettings { Embeddings = true, Norms = true });
        ModelPackage.Create(_folder["pruned"], model, [.. masks.Apply(model.Weights).Tensors.Select(t => PackedTensor.Of(t, null, RangeRule.MinMax, masks.Of(t.Name)))]);
        Directory.Delete(_folder["model"], recursive: true);
        Directory.Move(_folder["pruned"], _folder["model"]);
        var settings = new QuantizationSettings { Keep = keep };

        // Several, for the last bytes are a matter of luck.
        long middle = HalfWay(settings);
        for (int more = 0; more < 5; more++)
        {
            QuantizationOutcome outcome = Within(middle + (37 * more), settings, $"package-{more}");
            Assert.InRange(outcome.Bytes, 0.97 * middle, middle + (37 * more));
            Assert.Equal(outcome.Bytes, ModelPackage.BytesOf(_folder[$"package-{more}"]));
        }
    }

    [Fact]
    public void WriteWithin_TooLittle_SaysWhatIsMissingAndWritesNothing()
    {
        Write(t => [.. Normal(t, Spread(t)).Select(v => Middle(t) + v)]);
        long least = new ModelQuantization(_folder["model"], new QuantizationSettings { Bits = 2 }).Write(_folder["least"]).Bytes;
        Assert.Contains("bytes more", Assert.Throws<CompressionException>(() => Within(least / 2)).Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["package"]));
    }

    public void Dispose() => _folder.Dispose();

    // Between the packages of 2 and of 8 bits, in which small vectors stay as they are.
    private long HalfWay(QuantizationSettings? settings = null)
    {
        settings = (settings ?? new QuantizationSettings()) with { Range = RangeRule.LeastSquares };
        return ((int[])[2, 8]).Sum(bits => new ModelQuantization(_folder["model"], settings with { Bits = bits }).Write(_folder[$"uniform-{bits}"]).Bytes) / 2;
    }

    private QuantizationOutcome Within(long bytes, QuantizationSettings? settings = null, string name = "package")
    {
        File.WriteAllLines(_folder["set.tsv"], ["sentence\tlabel", .. _texts.Select((text, i) => $"{text.First}\t{(i % 2 == 0 ? "good" : "bad")}")]);
        return new ModelQuantization(_folder["model"], settings ?? new QuantizationSettings()).WriteWithin(
            _folder[name], bytes, _folder["set.tsv"], new LabelledSetOptions(), threads: 1, progress: null, CancellationToken.None);
    }

    private IEnumerable<double> Divergences(string package)
    {
        using var whole = TextClassifier.Open(_folder["model"], 1);
        using var packed = TextClassifier.Open(package, 1);
        return [.. whole.Predict(_texts).Zip(packed.Predict(_texts), (w, p) => w.Probabilities.Zip(p.Probabilities).Sum(c => c.First * Math.Log(c.First / c.Second)))];
    }

    private static float Middle(WeightTensor tensor) => tensor.Name.Contains("LayerNorm.weight", StringComparison.Ordinal) ? 1 : 0;

    private static float Spread(WeightTensor tensor) => tensor.Name.StartsWith("classifier.", StringComparison.Ordinal) ? 0.4f : 0.1f;

    private static float[] Normal(WeightTensor tensor, float deviation)
    {
        var random = new RandomStream((ulong)tensor.Name.Sum(c => c), 1);
        return [.. tensor.Values.Select(_ => deviation * random.NextNormal())];
    }

    private void Write(Func<WeightTensor, float[]> values)
    {
        var configuration = new EncoderConfiguration
        {
            Layers = 1,
            Hidden = 32,
            Heads = 2,
            FeedForward = 64,
            Vocabulary = TestTokenizer.Instance.VocabularySize,
            MaximumPositions = 32,
        };
        using var device = new CpuDevice(1);
        using var parameters = new ParameterSet(device);
        _ = new SequenceClassifier(parameters, configuration, 2);
        parameters.Allocate(seed: 3);
        ModelWeights.Download(parameters).Select(values).Upload(parameters);
        Directory.CreateDirectory(_folder["model"]);
        ModelFolder.Write(_folder["model"], parameters, configuration, TestTokenizer.Instance, ModelHead.Classifier(["bad", "good"]));
    }
}
