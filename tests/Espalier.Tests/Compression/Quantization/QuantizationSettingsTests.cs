using System.Text;
using Espalier.Compression;
using Espalier.Compression.Packages;
using Espalier.Compression.Quantization;
using Espalier.Engine.Autograd;
using Espalier.Engine.Random;
using Espalier.Engine.Weights;

namespace Espalier.Tests.Compression.Quantization;

public class QuantizationSettingsTests
{
    [Theory]
    [InlineData("roberta.embeddings.*", "embeddings.word_embeddings.weight", true)]
    [InlineData("embeddings.*", "embeddings.word_embeddings.weight", true)]
    [InlineData("roberta_prelayernorm.*.bias", "encoder.layer.0.output.dense.bias", true)]
    [InlineData("roberta.*", "classifier.dense.weight", false)]
    [InlineData("classifier*", "classifier.dense.weight", true)]
    [InlineData("classifier", "classifier.dense.weight", false)]
    public void Keeps_NamesInCheckpointsAndInFiles(string pattern, string tensor, bool expected)
        => Assert.Equal(expected, new QuantizationSettings { Keep = [pattern] }.Keeps(tensor));

    [Fact]
    public void ThrowUnlessKept_PatternWithoutATensor_NamesTheNearest()
    {
        var weights = new ModelWeights([Normal("classifier.dense.weight", 2, 2), Normal("embeddings.word_embeddings.weight", 2, 2)]);
        string message = Assert.Throws<CompressionException>(
            () => new QuantizationSettings { Keep = ["*word_embedings*", "classifier*"] }.ThrowUnlessKept(weights)).Message;
        Assert.Contains("'*word_embedings*' (the nearest is embeddings.word_embeddings.weight)", message, StringComparison.Ordinal);
        Assert.DoesNotContain("'classifier", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Pack_SmallVector_IsQuantizedByThePapersSettingsAndStaysByOthers()
    {
        WeightTensor small = Normal("encoder.layer.0.output.dense.bias", 1, 64), large = Normal("encoder.layer.0.output.dense.bias", 1, 4096);
        var paper = new QuantizationSettings();
        QuantizationSettings product = paper with { Range = RangeRule.LeastSquares };
        Assert.Equal((8, 8), (paper.Pack(small, 8, null).Bits, paper.Pack(large, 8, null).Bits));
        Assert.Equal((32, 8), (product.Pack(small, 8, null).Bits, product.Pack(large, 8, null).Bits));
        Assert.Equal(32, paper.Pack(small, 8, null, leaveSmall: true).Bits);
        Assert.Equal(32, (paper with { Keep = ["*bias"] }).Pack(large, 8, null).Bits);

        // Pruned to its last weights it takes as little at full precision.
        bool[] kept = [.. Enumerable.Range(0, 4096).Select(i => i % 100 == 0)];
        PackedTensor sparse = product.Pack(large, 8, kept);
        Assert.Equal((32, 41), (sparse.Bits, sparse.Stored.StoredElements));
    }

    [Fact]
    public void Pack_AnyTensor_KnowsWhatItTakesInTheFile()
    {
        using var folder = new TemporaryFolder();
        WeightTensor tensor = Normal("encoder.layer.0.intermediate.dense.weight", 64, 96);
        bool[] kept = [.. Enumerable.Range(0, 64 * 96).Select(i => i % 7 == 0)];
        var plain = PackedTensor.Of(tensor, null, RangeRule.MinMax);
        foreach (PackedTensor packed in (PackedTensor[])[
            PackedTensor.Of(tensor, new QuantizationScheme(4, ScaleGranularity.Group, 32), RangeRule.MinMax),
            PackedTensor.Of(tensor, new QuantizationScheme(7), RangeRule.MinMax, kept), PackedTensor.Of(tensor, null, RangeRule.MinMax, kept)])
        {
            Assert.InRange(packed.Bytes - plain.Bytes - (Length(packed) - Length(plain)), -40, 40);
        }

        long Length(PackedTensor packed)
        {
            CompressedWeights.Write(folder.Path, Encoding.UTF8.GetBytes("{}"), [packed], name => name);
            return new FileInfo(folder["model.safetensors"]).Length;
        }
    }

    private static WeightTensor Normal(string name, int rows, int columns)
    {
        var random = new RandomStream(2, 0);
        Shape shape = rows == 1 ? Shape.Vector(columns) : Shape.Matrix(rows, columns);
        return new WeightTensor(name, shape, [.. Enumerable.Range(0, rows * columns).Select(_ => random.NextNormal())]);
    }
}
