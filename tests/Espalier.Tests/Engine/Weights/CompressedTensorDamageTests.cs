using System.Runtime.InteropServices;
using Espalier.Engine.Autograd;
using Espalier.Engine.Safetensors;
using Espalier.Engine.Weights;
using Espalier.Tests.Engine.Safetensors;

namespace Espalier.Tests.Engine.Weights;

/// <summary>Files that no writer of ours would make: each must be refused by name, whatever is wrong with it.</summary>
public class CompressedTensorDamageTests
{
    [Theory]
    [InlineData("2x8 bits=4 scale=row", null)]
    [InlineData("2x8 bits=9 scale=row", "9 bits")]
    [InlineData("2x8 bits=4 scale=group:40", "40 columns")]
    [InlineData("2x8 bits=4", "is described as")]
    [InlineData("2x9 bits=4 scale=row", ".codes")]
    [InlineData("4x8 bits=4 scale=row", ".codes")]
    [InlineData("2x8 bits=4 scale=tensor", ".scale")]
    [InlineData("2x8 bits=4 scale=row stored=16", ".index")]
    [InlineData("2x8 bits=4 scale=row stored=17", "is described as")]
    [InlineData("999999999x999999999 bits=4 scale=row", "is described as")]
    [InlineData("-2x8 bits=4 scale=row", "is described as")]
    [InlineData("a packed tensor", "is described as")]
    public void Read_DescriptionThatDoesNotFit_NamesTensorAndFault(string description, string? fault)
        => AssertFault(description, Codes(8), Scales(1, 1), [0, 0], null, null, fault);

    [Theory]
    [InlineData(7, "codes")]
    [InlineData(9, "codes")]
    public void Read_CodesOfWrongLength_NamesTensorAndFault(int bytes, string fault)
        => AssertFault("2x8 bits=4 scale=row", Codes(bytes), Scales(1, 1), [0, 0], null, null, fault);

    [Theory]
    [InlineData(float.NaN, 0f)]
    [InlineData(1f, float.PositiveInfinity)]
    [InlineData(float.MaxValue, 0f)]
    public void Read_ScaleThatIsNoNumber_NamesTensorAndGroup(float scale, float zero)
        => AssertFault("2x8 bits=4 scale=row", Codes(8), Scales(1, scale), [0, zero], null, null, "group 1");

    [Fact]
    public void Read_BitsBehindTheLastCode_AreRefused()
        => AssertFault("3 bits=2 scale=tensor", [0xff], Scales(1), [0], null, null, "behind its last code");

    [Theory]
    [InlineData("2x8 bits=4 scale=row stored=3", new byte[] { 0x07, 0x00 }, null)]
    [InlineData("2x8 bits=4 scale=row stored=3", new byte[] { 0x03, 0x00 }, "2 bits set")]
    [InlineData("2x8 bits=4 scale=row stored=3", new byte[] { 0x07 }, "mask of 1 bytes")]
    [InlineData("1x12 bits=4 scale=row stored=3", new byte[] { 0x03, 0x80 }, "within 12 elements")]
    public void Read_Mask_IsCheckedBitByBit(string description, byte[] mask, string? fault)
        => AssertFault(description, [0x21, 0x03], Rows(description), new float[Rows(description).Length], ".mask", mask, fault);

    [Theory]
    [InlineData(new byte[] { 4, 0x00, 0x00 }, null)]
    [InlineData(new byte[] { 4, 0x00, 0x0d }, null)]
    [InlineData(new byte[] { 4, 0x00, 0x0e }, "leads to element 16")]
    [InlineData(new byte[] { 4, 0xff, 0x00 }, "leads to element 30")]
    [InlineData(new byte[] { 4, 0x00 }, "of 2 elements; expected 3")]
    [InlineData(new byte[] { 4, 0x00, 0x1d }, "bytes; expected")]
    [InlineData(new byte[] { 9, 0x00, 0x00 }, "numbers of 9 bits")]
    [InlineData(new byte[] { }, "numbers of 0 bits")]
    public void Read_Index_IsFollowedToItsEnd(byte[] index, string? fault)
        => AssertFault("2x8 bits=4 scale=row stored=3", [0x21, 0x03], Scales(1, 1), [0, 0], ".index", index, fault);

    [Fact]
    public void Read_SmallFileThatClaimsBillionsOfZeros_TakesNoRoomForThem()
    {
        using var folder = new SafetensorsFolder();
        TensorDeclaration[] declarations = [new("w.values", Dtype.F32, [0]), new("w.index", Dtype.U8, [1])];
        using (var writer = new SafetensorsWriter(
            folder["m"], declarations, new Dictionary<string, string> { ["w"] = "999999999x2 stored=0" }))
        {
            writer.Write("w.index", [2]);
            writer.Commit();
        }

        using SafetensorsFile file = SafetensorsFile.Open(folder["m"]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        CompressedTensor.Read(file, "w");
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void Read_PlainTensorWithNaN_NamesTensorAndPlace()
    {
        using var folder = new SafetensorsFolder();
        CompressedTensor.Save(folder["m"], [("w", CompressedTensor.FromValues(Shape.Vector(2), [1, float.NaN]))]);
        using SafetensorsFile file = SafetensorsFile.Open(folder["m"]);
        SafetensorsException e = Assert.Throws<SafetensorsException>(() => CompressedTensor.Read(file, "w"));
        Assert.Contains("NaN at 1", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_AnyByteChanged_EitherRefusesOrDecodesFiniteValues()
    {
        using var folder = new SafetensorsFolder();
        var random = new System.Random(1);
        CompressedTensor.Save(folder["m"],
        [
            ("a", new RandomTensor(random, Shape.Matrix(3, 40), new(3, ScaleGranularity.Group, 32), 0.2).Tensor),
            ("b", new RandomTensor(random, Shape.Matrix(2, 9), null, 0.7).Tensor),
        ]);
        byte[] whole = File.ReadAllBytes(folder["m"]);
        for (int at = 0; at < whole.Length; at++)
        {
            byte[] damaged = [.. whole];
            damaged[at] ^= (byte)(1 << random.Next(8));
            try
            {
                using SafetensorsFile file = SafetensorsFile.Open(folder.Put(damaged));
                foreach (string name in new[] { "a", "b" })
                {
                    CompressedTensor tensor = CompressedTensor.Read(file, name);
                    float[] values = new float[tensor.Shape.Count];
                    tensor.Decode(values);
                    Assert.All(values, v => Assert.True(float.IsFinite(v)));
                }
            }
            catch (SafetensorsException)
            {
                // Refused, as it should be.
            }
        }
    }

    private static byte[] Codes(int count) => new byte[count];

    private static float[] Scales(params float[] scales) => scales;

    private static float[] Rows(string description) => description[0] == '2' ? [1, 1] : [1];

    private static void AssertFault(
        string description, byte[] codes, float[] scales, float[] zeros, string? positionName, byte[]? positions, string? fault)
    {
        using var folder = new SafetensorsFolder();
        List<(string Name, Dtype Dtype, byte[] Bytes)> pieces =
        [
            ("w.codes", Dtype.U8, codes), ("w.scale", Dtype.F32, MemoryMarshal.AsBytes<float>(scales).ToArray()),
            ("w.zero", Dtype.F32, MemoryMarshal.AsBytes<float>(zeros).ToArray()),
        ];
        if (positionName is not null)
        {
            pieces.Add(("w" + positionName, Dtype.U8, positions!));
        }

        var declarations = pieces.Select(p => new TensorDeclaration(p.Name, p.Dtype, [p.Bytes.Length / (p.Dtype.Bits() / 8)]));
        using (var writer = new SafetensorsWriter(folder["m"], declarations, new Dictionary<string, string> { ["w"] = description }))
        {
            pieces.ForEach(p => writer.Write(p.Name, p.Bytes));
            writer.Commit();
        }

        using SafetensorsFile file = SafetensorsFile.Open(folder["m"]);
        if (fault is null)
        {
            CompressedTensor.Read(file, "w");
            return;
        }

        SafetensorsException e = Assert.Throws<SafetensorsException>(() => CompressedTensor.Read(file, "w"));
        Assert.Equal("w", e.Tensor);
        Assert.Contains(fault, e.Message, StringComparison.Ordinal);
    }
}
