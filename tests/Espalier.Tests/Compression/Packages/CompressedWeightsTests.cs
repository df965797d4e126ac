using System.Text;
using Espalier.Compression;
using Espalier.Compression.Packages;
using Espalier.Compression.Pruning;
using Espalier.Compression.Quantization;
using Espalier.Engine.Autograd;
using Espalier.Engine.Random;
using Espalier.Engine.Safetensors;
using Espalier.Engine.Weights;

namespace Espalier.Tests.Compression.Packages;

public class CompressedWeightsTests
{
    private const string Up = "encoder.layer.0.intermediate.dense.weight";

    [Fact]
    public void Write_EveryPrecisionAndDensity_TakesTheTheoreticalBytesWithin1PercentAnd16Kb()
    {
        using var folder = new TemporaryFolder();

        // Few weights for every combination, and for some so many that one per cent is more than the 16 kB.
        ModelWeights few = Weights(400, 500), many = Weights(2000, 2000);
        foreach (int bits in (int[])[2, 3, 4, 5, 6, 7, 8, 32])
        {
            foreach (double sparsity in (double[])[0, 0.3, 0.75, 0.9, 0.98])
            {
                ModelWeights weights = (bits, sparsity) is (4, 0 or 0.75) or (32, 0.9) or (8, 0.3) ? many : few;
                bool[]? kept = sparsity == 0 ? null : MagnitudePruning.Prune(weights, sparsity, new PruningSettings()).Of(Up);
                string path = Write(folder, $"{bits}-{sparsity}", weights, bits, kept);

                // The cheapest of: every code, codes and a bit each for all, codes and a position of log2(1 / density) + 2 bits each.
                double n = weights.Count, stored = n * (1 - sparsity);
                double theory = Math.Min(n * bits, Math.Min(n + (stored * bits), stored * (bits + Math.Log2(1 / Math.Max(1 - sparsity, 1e-9)) + 2))) / 8;
                long bytes = new FileInfo(Path.Join(path, CompressedWeights.WeightsName)).Length;
                Assert.True(bytes <= (1.01 * theory) + 16_384, $"{bits} bits, {sparsity}: {bytes} against {theory}");
            }
        }
    }

    [Fact]
    public void WriteThenRead_PrunedAndQuantized_GivesTheWeightsAndWhatIsPruned()
    {
        using var folder = new TemporaryFolder();
        ModelWeights weights = Weights(30, 70);
        WeightMasks masks = MagnitudePruning.Prune(weights, 0.8, new PruningSettings());
        weights = masks.Apply(weights);
        var packed = PackedTensor.Of(weights[Up], new QuantizationScheme(5), RangeRule.MinMax, masks.Of(Up));
        string path = Write(folder, "p", weights, 5, masks.Of(Up));
        (ModelWeights read, WeightMasks kept) = CompressedWeights.Open(path).Read([(Up, weights[Up].Shape)], name => "m." + name);
        Assert.Equal(packed.Decode().Values, read[Up].Values);
        Assert.Equal(masks.Of(Up), kept.Of(Up));
        Assert.Equal(420, read.NonZero);
    }

    [Fact]
    public void Pack_TensorOfWhichNothingStays_IsNotTakenForAConstantOne()
    {
        var bias = new WeightTensor("classifier.out_proj.bias", Shape.Vector(2), [0, 0]);
        Assert.Equal([0f, 0], PackedTensor.Of(bias, new QuantizationScheme(4), RangeRule.MinMax, [false, false]).Decode().Values);
    }

    [Fact]
    public void Read_OneBitOfACodeChanged_IsNoticed()
    {
        using var folder = new TemporaryFolder();
        string path = Write(folder, "p", Weights(30, 70), 5, null), file = Path.Join(path, CompressedWeights.WeightsName);
        byte[] bytes = File.ReadAllBytes(file);
        bytes[^100] ^= 1;
        File.WriteAllBytes(file, bytes);
        Assert.Contains("is not what the package was made with", Assert.Throws<SafetensorsException>(
            () => CompressedWeights.Open(path).Read([(Up, Shape.Matrix(30, 70))], name => "m." + name)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"format\":1", "\"format\":2", "is a package of version 2; this espalier reads version 1")]
    [InlineData("\"format\"", "\"activations\":\"Halves\",\"format\"", "does not say how weights are compressed")]
    [InlineData("\"espalier_compression\"", "\"other\"", "says nothing of compressed weights")]
    [InlineData("\"weights_sha256\"", "\"sha\"", "does not say how weights are compressed")]
    [InlineData("{", "", "cannot be read")]
    public void Open_OtherConfiguration_SaysWhatIsWrong(string from, string to, string expected)
    {
        using var folder = new TemporaryFolder();
        string path = Write(folder, "p", Weights(30, 70), 5, null), file = Path.Join(path, CompressedWeights.ConfigurationName);
        string text = File.ReadAllText(file);
        int at = text.IndexOf(from, StringComparison.Ordinal);
        File.WriteAllText(file, text[..at] + to + text[(at + from.Length)..]);
        Assert.Contains(expected, Assert.Throws<CompressionException>(() => CompressedWeights.Open(path)).Message, StringComparison.Ordinal);
    }

    private static string Write(TemporaryFolder folder, string name, ModelWeights weights, int bits, bool[]? kept)
    {
        string path = Directory.CreateDirectory(folder[name]).FullName;
        CompressedWeights.Write(
            path, Encoding.UTF8.GetBytes("{}"), [PackedTensor.Of(weights[Up], bits == 32 ? null : new QuantizationScheme(bits), RangeRule.MinMax, kept)],
            tensor => "m." + tensor);
        return path;
    }

    private static ModelWeights Weights(int rows, int columns)
    {
        var random = new RandomStream(1, 0);
        return new ModelWeights([new WeightTensor(Up, Shape.Matrix(rows, columns), [.. Enumerable.Range(0, rows * columns).Select(_ => random.NextNormal())])]);
    }
}
