using Espalier.Engine.Autograd;
using Espalier.Engine.Random;
using Espalier.Engine.Safetensors;
using Espalier.Engine.Weights;

namespace Espalier.Tests.Engine.Weights;

public class CompressedTensorTests
{
    [Fact]
    public void Pack_KnownNumbers_LieFromTheLowestBitOn()
    {
        Assert.Equal([0b10_001_101, 0b0000_1_111], BitPacking.Pack([5, 1, 6, 7], 3).Select(b => (int)b));
        Assert.Equal([0x21, 0x03], BitPacking.Pack([1, 2, 3], 4).Select(b => (int)b));
    }

    [Fact]
    public void Distances_LongGap_TakesTheHighestNumberForItself()
    {
        bool[] kept = [false, true, false, false, false, true, true, false];
        Assert.Equal(new byte[] { 1, 3, 0, 0 }, SparseIndex.Distances(kept, 2));
        Assert.Equal(4, SparseIndex.Count(kept)[0]);
        Assert.Equal(kept, SparseIndex.Kept([1, 3, 0, 0], 2, 8));
        Assert.Null(SparseIndex.Kept([1, 3, 3], 2, 6));
    }

    [Fact]
    public void WriteThenRead_RandomTensors_AreWhatTheyWereAndTakeWhatTheFormatSays()
    {
        using var folder = new TemporaryFolder();
        for (uint seed = 0; seed < 60; seed++)
        {
            var random = new RandomStream(seed, 0);
            (int rows, int columns) = (1 + Next(40), 1 + Next(300));
            Shape shape = rows == 1 ? Shape.Vector(columns) : Shape.Matrix(rows, columns);
            QuantizationScheme? scheme = seed % 8 == 7 ? null : new QuantizationScheme(2 + (int)(seed % 7), (QuantizationGranularity)(seed % 3), seed % 3 == 2 ? 32 << Next(3) : 0);
            bool[]? kept = seed % 4 == 0 && scheme != null ? null : [.. Enumerable.Range(0, rows * columns).Select(_ => Next(100) >= (int)(seed * 37 % 100))];
            TensorFormat format = TensorFormat.Cheapest(shape, scheme, kept);
            if (format.Layout == SparseLayout.None)
                kept = null;
            if (format.Scheme == null && kept == null)
                continue;
            float[] values = [.. Enumerable.Range(0, rows * columns).Select(i => kept == null || kept[i] ? random.NextNormal() : 0)];
            CompressedTensor tensor = scheme is not { } s ? CompressedTensor.Encode(format, values, kept!) : CompressedTensor.Encode(
                format, [.. Enumerable.Range(0, (int)format.Stored).Select(_ => (byte)Next(1 << s.Bits))], Ranges(s), Ranges(s), kept);
            string path = folder[$"{seed}.safetensors"];
            using (var writer = new SafetensorsWriter(path, tensor.Declare("t")))
            {
                tensor.Write(writer, "t");
                writer.Commit();
            }

            using SafetensorsFile file = SafetensorsFile.Open(path);
            Assert.Equal(format.Bytes, file.Tensors.Values.Sum(t => t.ByteCount));
            float[] before = new float[values.Length], after = new float[values.Length];
            tensor.Decode(before);
            CompressedTensor.Read(file, "t", format).Decode(after);
            Assert.Equal(before, after);
            if (scheme == null)
                Assert.Equal(values, after);
            if (kept != null)
                Assert.All(Enumerable.Range(0, kept.Length).Where(i => !kept[i]), i => Assert.Equal(0, after[i]));

            int Next(int below) => (int)(random.NextUInt32() % (uint)below);
            float[] Ranges(QuantizationScheme q) => [.. Enumerable.Range(0, (int)q.Ranges(shape)).Select(_ => random.NextNormal())];
        }
    }

    [Fact]
    public void Decode_Groups_TakeTheRangeOfTheirPlace()
    {
        var scheme = new QuantizationScheme(8, QuantizationGranularity.Group, 32);
        var shape = Shape.Matrix(2, 40);
        var tensor = CompressedTensor.Encode(
            TensorFormat.Cheapest(shape, scheme, []), [.. Enumerable.Range(0, 80).Select(i => (byte)i)], [1, 2, 3, 4], [100, 200, 300, 400], null);
        float[] values = new float[80];
        tensor.Decode(values);
        Assert.Equal((131f, 264f, 420f, 716f), (values[31], values[32], values[40], values[79]));
    }

    [Theory]
    [InlineData(0.0, 4, SparseLayout.None)]
    [InlineData(0.5, 8, SparseLayout.Bitmask)]
    [InlineData(0.98, 4, SparseLayout.RelativeIndex)]
    public void Cheapest_ByDensity_IsTheOneThatTakesTheLeast(double sparsity, int bits, SparseLayout expected)
    {
        bool[] kept = [.. Enumerable.Range(0, 10_000).Select(i => i * 7919 % 10_000 >= sparsity * 10_000)];
        Assert.Equal(expected, TensorFormat.Cheapest(Shape.Matrix(100, 100), new QuantizationScheme(bits), kept).Layout);
    }

    [Fact]
    public void Read_DamagedParts_NamesThem()
    {
        using var folder = new TemporaryFolder();
        bool[] kept = [.. Enumerable.Range(0, 400).Select(i => i % 29 == 0)];
        TensorFormat format = TensorFormat.Cheapest(Shape.Matrix(20, 20), new QuantizationScheme(4), kept);
        Assert.Equal(SparseLayout.RelativeIndex, format.Layout);
        int stored = kept.Count(k => k);
        Check("t.codes", bytes => bytes[1..], "is U8 of");
        Check("t.index", bytes => [.. bytes.Select(_ => (byte)0xfe)], "damaged");
        Check("t.index", bytes => [0xff, .. bytes[1..]], "damaged");
        Check("t.scale", _ => BitConverter.GetBytes(float.NaN), "holds NaN at 0");
        Check("t.zero", _ => null, "is not in the file");

        void Check(string part, Func<byte[], byte[]?> damage, string expected)
        {
            CompressedTensor tensor = CompressedTensor.Encode(format, new byte[stored], [1], [0], kept);
            string whole = folder["whole"], path = folder["damaged"];
            using (var writer = new SafetensorsWriter(whole, tensor.Declare("t")))
            {
                tensor.Write(writer, "t");
                writer.Commit();
            }

            using SafetensorsFile good = SafetensorsFile.Open(whole);
            (string Name, Dtype Dtype, byte[]? Bytes)[] parts = [.. good.Tensors.Values.Select(e => (e.Name, e.Dtype, e.Name == part ? damage(good.GetBytes(e.Name).ToArray()) : good.GetBytes(e.Name).ToArray()))];
            using (var writer = new SafetensorsWriter(path, parts.Where(p => p.Bytes != null).Select(p => new TensorDeclaration(p.Name, p.Dtype, [p.Bytes!.Length / (p.Dtype == Dtype.F32 ? 4 : 1)]))))
            {
                foreach ((string name, _, byte[]? bytes) in parts.Where(p => p.Bytes != null))
                    writer.Write(name, bytes);
                writer.Commit();
            }

            using SafetensorsFile bad = SafetensorsFile.Open(path);
            SafetensorsException fault = Assert.Throws<SafetensorsException>(() => CompressedTensor.Read(bad, "t", format));
            Assert.Contains(expected, fault.Message, StringComparison.Ordinal);
            Assert.StartsWith("t", fault.Tensor, StringComparison.Ordinal);
        }
    }
}
