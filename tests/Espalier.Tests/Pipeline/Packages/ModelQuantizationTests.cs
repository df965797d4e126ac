using System.Globalization;
using System.Text.RegularExpressions;
using Espalier.Compression;
using Espalier.Compression.Pruning;
using Espalier.Compression.Quantization;
using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Models;
using Espalier.Engine.Random;
using Espalier.Engine.Weights;
using Espalier.Inference;
using Espalier.Pipeline.Packages;
using Espalier.Tests.Text;
using Espalier.Text.Labelled;
using Espalier.Training.Runs;

namespace Espalier.Tests.Pipeline.Packages;

public sealed class ModelQuantizationTests : IDisposable
{
    private const string Keen = "encoder.layer.0.intermediate.dense.weight";
    private const int Copies = 50;

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
        Match advice = Regex.Match(Assert.Throws<CompressionException>(() => Within(least / 2)).Message, "([0-9,]+) are allowed: allow ([0-9,]+) bytes more");
        Assert.True(advice.Success);
        Assert.False(Directory.Exists(_folder["package"]));

        // What it says is enough, and no byte less is.
        long enough = (least / 2) + long.Parse(advice.Groups[2].Value, NumberStyles.AllowThousands, CultureInfo.InvariantCulture);
        Assert.Contains("allow 1 bytes more", Assert.Throws<CompressionException>(() => Within(enough - 1)).Message, StringComparison.Ordinal);
        Assert.Equal(enough, Within(enough).Bytes);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void WriteWithin_NoWayAskedFor_LosesNoMoreThanPlainBitsOfThatSize(int bits)
    {
        Write(t => [.. Normal(t, Spread(t)).Select(v => Middle(t) + v)]);
        var plain = new QuantizationSettings { Bits = bits };
        long size = new ModelQuantization(_folder["model"], plain).Write(_folder["plain"]).Bytes;
        QuantizationOutcome outcome = Within(size, plain, ways: ModelQuantization.Ways(plain));
        Assert.True(outcome.Bytes <= size);
        Assert.True(outcome.After!.Loss <= Quality(_folder["plain"]).Loss + 1e-5, $"{outcome.After} against {Quality(_folder["plain"])}");
        Assert.Equal(Quality(_folder["model"]), outcome.Before);
        Assert.Equal(Quality(_folder["package"]), outcome.After);

        // What is chosen is what was measured to lose the least, and what each tensor has is one of those that its cost is told of.
        Assert.Equal(outcome.Tried.Min(t => t.Loss), Assert.Single(outcome.Tried, t => t.Chosen).Loss);
        Assert.Contains(outcome.Tried, t => t.Bits == bits && t.Range == RangeRule.MinMax);
        Assert.Contains(outcome.Tried, t => t.Bits == null);
        Assert.All(outcome.Chosen, c => Assert.Equal(Enumerable.Range(2, 7), c.Costs.Select(cost => cost.Bits)));
    }

    [Fact]
    public void Write_OfAQuantizedPackage_RefusesToGrow()
    {
        Write(t => [.. Normal(t, Spread(t)).Select(v => Middle(t) + v)]);
        new ModelQuantization(_folder["model"], new QuantizationSettings { Bits = 4 }).Write(_folder["four"]);
        Assert.True(ModelPackage.IsQuantized(_folder["four"]) && !ModelPackage.IsQuantized(_folder["model"]));
        string message = Assert.Throws<CompressionException>(() => new ModelQuantization(_folder["four"], new QuantizationSettings { Bits = 8 }).Write(_folder["eight"])).Message;
        Assert.Contains("is quantized already", message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["eight"]));
        new ModelQuantization(_folder["four"], new QuantizationSettings { Bits = 2 }).Write(_folder["two"]);

        // A size larger than its own is no reason to.
        WriteSet();
        QuantizationOutcome within = new ModelQuantization(_folder["four"], new QuantizationSettings()).WriteWithin(
            _folder["within"], 1 << 24, _folder["set.tsv"], new LabelledSetOptions(), threads: 1, progress: null, CancellationToken.None);
        Assert.True(within.Bytes <= ModelPackage.BytesOf(_folder["four"]), $"{within.Bytes}");
    }

    [Fact]
    public void Write_GroupsOf32_TellsTheBitsOfTheScalesToo()
    {
        Write(t => [.. Normal(t, Spread(t)).Select(v => Middle(t) + v)]);
        var groups = new QuantizationSettings { Bits = 4, Granularity = ScaleGranularity.Group, GroupSize = 32 };
        QuantizationOutcome outcome = new ModelQuantization(_folder["model"], groups).Write(_folder["groups"]);

        // Two numbers of 32 bits for 32 codes of 4; the few small tensors that stay as they are take more.
        Assert.InRange(outcome.BitsPerWeight, 6, 7);
        Assert.True(8.0 * outcome.WeightBytes / outcome.Parameters > outcome.BitsPerWeight);
    }

    public void Dispose() => _folder.Dispose();

    // Between the packages of 2 and of 8 bits, in which small vectors stay as they are.
    private long HalfWay(QuantizationSettings? settings = null)
    {
        settings = (settings ?? new QuantizationSettings()) with { Range = RangeRule.LeastSquares };
        return ((int[])[2, 8]).Sum(bits => new ModelQuantization(_folder["model"], settings with { Bits = bits }).Write(_folder[$"uniform-{bits}"]).Bytes) / 2;
    }

    private QuantizationOutcome Within(
        long bytes, QuantizationSettings? settings = null, string name = "package", IReadOnlyList<QuantizationSettings>? ways = null)
    {
        WriteSet();
        return new ModelQuantization(_folder["model"], settings ?? new QuantizationSettings()).WriteWithin(
            _folder[name], bytes, _folder["set.tsv"], new LabelledSetOptions(), threads: 1, progress: null, CancellationToken.None, ways);
    }

    // Each text many times, with the labels as often as the model gives them: so its loss is the least that there can be, and that of any
    // other model is larger by what their predictions diverge by.
    private void WriteSet()
    {
        using var model = TextClassifier.Open(_folder["model"], 1);
        File.WriteAllLines(_folder["set.tsv"], [
            "sentence\tlabel",
            .. _texts.Zip(model.Predict(_texts)).SelectMany(pair => Enumerable.Range(0, Copies).Select(
                i => $"{pair.First.First}\t{(i < (int)Math.Round(Copies * pair.Second.Probabilities[1]) ? "good" : "bad")}"))]);
    }

    private ClassifierQuality Quality(string folder) => ClassifierQuality.Of(folder, _folder["set.tsv"], new LabelledSetOptions(), 1);

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
