using Espalier.Compression;
using Espalier.Compression.Pruning;
using Espalier.Compression.Quantization;
using Espalier.Engine.Autograd;
using Espalier.Engine.Random;

namespace Espalier.Tests.Compression.Quantization;

public class BitAllocationTests
{
    [Fact]
    public void Choose_RandomTensors_FitsAndIsNearTheBest()
    {
        for (uint seed = 0; seed < 20; seed++)
        {
            TensorSensitivity[] tensors = [.. Enumerable.Range(0, 4).Select(i => Tensor($"t{i}", new RandomStream(seed, (uint)i)))];
            long least = tensors.Sum(t => t.Bytes[0]), most = tensors.Sum(t => t.Bytes[^1]), target = (least + most) / 2;
            IReadOnlyDictionary<string, int> bits = BitAllocation.Choose(tensors, target);
            Assert.True(tensors.Sum(t => t.Bytes[bits[t.Tensor] - 2]) <= target);

            double loss = tensors.Sum(t => t.Losses[bits[t.Tensor] - 2]), best = double.PositiveInfinity;
            for (int code = 0; code < 7 * 7 * 7 * 7; code++)
            {
                int[] at = [code % 7, code / 7 % 7, code / 49 % 7, code / 343];
                if (tensors.Zip(at).Sum(p => p.First.Bytes[p.Second]) <= target)
                    best = Math.Min(best, tensors.Zip(at).Sum(p => p.First.Losses[p.Second]));
            }

            // Greedy is not exact where tensors are few and large; what is left over is never more than one move.
            Assert.True(loss <= 2.5 * best, $"seed {seed}: {loss} against {best}");
        }
    }

    [Fact]
    public void Choose_SensitiveTensor_KeepsMoreBits()
    {
        TensorSensitivity dull = Of("dull", 1000, 1e-3), keen = Of("keen", 1000, 10);
        IReadOnlyDictionary<string, int> bits = BitAllocation.Choose([dull, keen], 1000);
        Assert.True(bits["keen"] > bits["dull"], $"{bits["keen"]} and {bits["dull"]}");
    }

    [Fact]
    public void Choose_TensorThatWasMeasuredToLoseNothing_GetsWhatIsLeft()
    {
        var random = new RandomStream(1, 0);
        var weights = new ModelWeights(((string[])["dull", "keen"]).Select(name => new WeightTensor(
            name, Shape.Matrix(20, 50), [.. Enumerable.Range(0, 1000).Select(_ => random.NextNormal())])));
        IReadOnlyList<TensorSensitivity> tensors = TensorSensitivity.Measure(
            weights, WeightMasks.None, new QuantizationSettings(), tensor => tensor.Name == "keen" ? 1 : -1e-9);
        Assert.Equal([0, 1], tensors.Select(t => t.Measured));
        IReadOnlyDictionary<string, int> bits = BitAllocation.Choose(tensors, tensors.Sum(t => t.Bytes[^1]) - 1);
        Assert.Equal((7, 8), (bits["dull"], bits["keen"]));
    }

    [Fact]
    public void Choose_TooFewBytes_SaysWhatIsMissing()
        => Assert.Contains("allow 150 bytes more", Assert.Throws<CompressionException>(
            () => BitAllocation.Choose([Of("a", 1000, 1)], 100)).Message, StringComparison.Ordinal);

    private static TensorSensitivity Tensor(string name, RandomStream random)
        => Of(name, 100 + (int)(random.NextUInt32() % 5000), Math.Exp(4 * random.NextNormal()));

    // The squared error of uniform quantization falls fourfold with each bit.
    private static TensorSensitivity Of(string name, int weights, double loss) => new(
        name, loss, [.. Enumerable.Range(2, 7).Select(b => loss * Math.Pow(4, 4 - b))], [.. Enumerable.Range(2, 7).Select(b => ((weights * (long)b) + 7) / 8)]);
}
