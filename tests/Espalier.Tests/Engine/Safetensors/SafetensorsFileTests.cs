using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Espalier.Engine.Safetensors;

namespace Espalier.Tests.Engine.Safetensors;

public sealed class SafetensorsFileTests : IDisposable
{
    private readonly SafetensorsFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Open_FileWrittenByHand_GivesWhatItSays()
    {
        // Spaces, escapes, an unknown field and tensors out of order are all allowed; so is a header that aligns nothing.
        using var file = SafetensorsFile.Open(_folder.Put(SafetensorsFolder.Bytes(
            """
            { "w\u00e9": {"shape": [2, 1], "dtype": "U16", "data_offsets": [1, 5], "future": [{"x": null}]},
              "__metadata__": {"format": "pt", "größe": "ß"},
              "scalar": {"dtype": "I8", "shape": [], "data_offsets": [0, 1]},
              "none": {"dtype": "F64", "shape": [3, 0], "data_offsets": [1, 1]} }
            """ + "   ", 0xFF, 1, 2, 3, 4)));

        Assert.Equal(["none", "scalar", "wé"], file.Tensors.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(new Dictionary<string, string> { ["format"] = "pt", ["größe"] = "ß" }, file.Metadata);
        TensorEntry entry = file.Tensors["wé"];
        Assert.Equal((Dtype.U16, 1, 4, 2), (entry.Dtype, entry.Begin, entry.ByteCount, entry.ElementCount));
        Assert.Equal([2, 1], entry.Shape);
        Assert.Equal([1, 2, 3, 4], file.GetBytes("wé").ToArray());
        Assert.Equal([3, 4], file.GetBytes("wé", 2, 2).ToArray());
        Assert.Equal([0xFF], file.GetBytes("scalar").ToArray());
        Assert.Equal((1, 0), (file.Tensors["scalar"].ElementCount, file.Tensors["none"].ElementCount));
        Assert.Empty(file.GetBytes("none").ToArray());
    }

    [Fact]
    public void Open_NoTensors_IsAllowed()
    {
        using var file = SafetensorsFile.Open(_folder.Put(SafetensorsFolder.Bytes("{}")));

        Assert.Empty(file.Tensors);
        Assert.Empty(file.Metadata);
    }

    public static TheoryData<string, byte, string?, string> Malformed => new()
    {
        // header, bytes of data behind it, tensor at fault, what the message must say
        { "", 0, null, "begin with '{'" },
        { " {}", 0, null, "begin with '{'" },
        { "[]", 0, null, "begin with '{'" },
        { "{", 0, null, "not valid JSON" },
        { "{}{}", 0, null, "not valid JSON" },
        { "{}\0", 0, null, "not valid JSON" },
        { "{\"a\":}", 0, null, "not valid JSON" },
        { "{\"\\ud800\":1}", 0, null, "not valid JSON" },
        { "{}", 1, null, "tensors end at 0" },
        { "{\"__metadata__\":null}", 0, null, "__metadata__ is not an object" },
        { "{\"__metadata__\":{\"a\":1}}", 0, null, "'a', which is no string" },
        { "{\"__metadata__\":{\"a\":\"\",\"\\u0061\":\"\"}}", 0, null, "'a' twice" },
        { "{\"__metadata__\":{\"a\":\"\\u0000\"}}", 0, null, "zero character" },
        { "{\"__metadata__\":{},\"__metadata__\":{}}", 0, null, "__metadata__ twice" },
        { "{\"a\":[]}", 0, "a", "not described by an object" },
        { "{\"a\":{}}", 0, "a", "lacks" },
        { "{\"a\":{\"dtype\":\"U8\",\"shape\":[1]}}", 1, "a", "lacks" },
        { Tensor("a", "\"U8\"", "1", "0"), 1, "a", "lacks" },
        { Tensor("a", "\"U8\"", "1", "0,1,2"), 1, "a", "more than 2 numbers" },
        { Tensor("a", "\"f32\"", "1", "0,4"), 4, "a", "'f32'; expected one of BOOL, F4" },
        { Tensor("a", "8", "1", "0,4"), 4, "a", "dtype that is no string" },
        { "{\"a\":{\"dtype\":\"U8\",\"shape\":1,\"data_offsets\":[0,1]}}", 1, "a", "shape that is no array" },
        { Tensor("a", "\"U8\"", "-1", "0,1"), 1, "a", "'-1' in its shape" },
        { Tensor("a", "\"U8\"", "1.0", "0,1"), 1, "a", "'1.0' in its shape" },
        { Tensor("a", "\"U8\"", "\"1\"", "0,1"), 1, "a", "'1' in its shape" },
        { Tensor("a", "\"U8\"", "9223372036854775808", "0,1"), 1, "a", "whole numbers from 0 to 2^63 - 1" },
        { Tensor("a", "\"U8\"", "4294967296,4294967296", "0,0"), 0, "a", "more than 2^63 bits" },
        { Tensor("a", "\"F64\"", "2305843009213693952", "0,0"), 0, "a", "more than 2^63 bits" },
        { Tensor("a", "\"U8\"", string.Join(",", Enumerable.Repeat(1, 65)), "0,1"), 1, "a", "more than 64 numbers" },
        { Tensor("a", "\"F4\"", "3", "0,2"), 2, "a", "do not fill whole bytes" },
        { Tensor("a", "\"F6_E2M3\"", "2", "0,2"), 2, "a", "do not fill whole bytes" },
        { Tensor("a", "\"F32\"", "2", "0,4"), 4, "a", "has 4 bytes; expected 8 for F32 [2]" },
        { Tensor("a", "\"F32\"", "1", "0,4"), 3, "a", "cut short" },
        { Tensor("a", "\"U8\"", "1", "0,9223372036854775807"), 3, "a", "cut short" },
        { Tensor("a", "\"U8\"", "1", "1,0"), 1, "a", "bytes 1 to 0" },
        { Tensor("a", "\"U8\"", "1", "0,1"), 2, null, "tensors end at 1" },
        { Tensor("a", "\"U8\"", "1", "1,2"), 2, "a", "leaves a hole before it" },
        { "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1],\"shape\":[1]}}", 1, "a", "once each" },
        { "{\"a\\u0000\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1, "a\0", "zero character" },
        { Two("a", "0,1", "\\u0061", "1,2"), 2, "a", "is there twice" },
        { Two("a", "0,1", "b", "2,3"), 3, "b", "leaves a hole before it" },
        { Two("a", "0,2", "b", "1,2"), 2, "b", "overlaps" },
        { Two("a", "0,2", "b", "1,1"), 2, "b", "overlaps" },
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public void Open_MalformedFile_SaysWhatIsWrong(string header, byte dataBytes, string? tensor, string message)
    {
        string path = _folder.Put(SafetensorsFolder.Bytes(header, new byte[dataBytes]));

        var exception = Assert.Throws<SafetensorsException>(() => SafetensorsFile.Open(path));

        Assert.Equal((path, tensor), (exception.Path, exception.Tensor));
        Assert.StartsWith(path + ": ", exception.Message);
        Assert.Contains(message, exception.Message);
    }

    [Theory]
    [InlineData("", "holds 0 bytes")]
    [InlineData("00000000000000", "holds 7 bytes")]
    [InlineData("0300000000000000" + "7B7D", "header of 3 bytes; expected at most 100000000, and no more than the 2")]
    [InlineData("FFFFFFFFFFFFFFFF" + "7B7D", "header of 18446744073709551615 bytes")]
    [InlineData("01E1F50500000000" + "7B7D", "header of 100000001 bytes")]
    [InlineData("0400000000000000" + "7B22FF7D", "not valid UTF-8")]
    public void Open_BrokenLengthOrText_SaysWhatIsWrong(string hex, string message)
    {
        string path = _folder.Put(Convert.FromHexString(hex));

        Assert.Contains(message, Assert.Throws<SafetensorsException>(() => SafetensorsFile.Open(path)).Message);
    }

    [Fact]
    public void Open_HeaderOverTheLimit_IsRefusedUnread()
    {
        // A file that is really that long (and sparse): only the limit can refuse it.
        using (var stream = File.Create(_folder["long.safetensors"]))
        {
            byte[] length = new byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(length, SafetensorsFile.MaxHeaderBytes + 1);
            stream.Write(length);
            stream.SetLength(SafetensorsFile.MaxHeaderBytes + 1000);
        }

        Assert.Contains("expected at most 100000000",
            Assert.Throws<SafetensorsException>(() => SafetensorsFile.Open(_folder["long.safetensors"])).Message);
    }

    [Fact]
    public void Open_HostileName_KeepsTheMessageShortAndPrintable()
    {
        string name = "\u001b[2J" + new string('x', 10_000);
        string path = _folder.Put(SafetensorsFolder.Bytes(Tensor(name.Replace("\u001b", "\\u001b"), "\"U8\"", "2", "0,1"), 0));

        var exception = Assert.Throws<SafetensorsException>(() => SafetensorsFile.Open(path));

        Assert.Equal(name, exception.Tensor);
        Assert.InRange(exception.Message.Length, 1, path.Length + 200);
        Assert.DoesNotContain('\u001b', exception.Message);
    }

    [Fact]
    public void Open_NoSuchFile_IsAnOrdinaryFileError() =>
        Assert.Throws<FileNotFoundException>(() => SafetensorsFile.Open(_folder["none.safetensors"]));

    [Fact]
    public void CopyTo_EachFloatKind_Converts()
    {
        float[] exact = [0f, -1.5f, 65504f, float.NegativeInfinity, float.NaN, MathF.Pow(2, -24)];
        double[] wide = [1.0 + Math.Pow(2, -24), 1e300, -double.Epsilon, double.NaN, 0.1, -2];
        byte[] halves = MemoryMarshal.AsBytes<Half>(Array.ConvertAll(exact, value => (Half)value)).ToArray();
        byte[] brains = [0x00, 0x00, 0xC0, 0xBF, 0x80, 0x47, 0x80, 0xFF, 0xC0, 0xFF, 0x80, 0x33];
        using var file = SafetensorsFile.Open(_folder.Put(SafetensorsFolder.Bytes(
            """
            {"f64":{"dtype":"F64","shape":[6],"data_offsets":[0,48]},"f32":{"dtype":"F32","shape":[3,2],"data_offsets":[48,72]},
            "f16":{"dtype":"F16","shape":[6],"data_offsets":[72,84]},"bf16":{"dtype":"BF16","shape":[6],"data_offsets":[84,96]}}
            """, [.. MemoryMarshal.AsBytes<double>(wide), .. MemoryMarshal.AsBytes<float>(exact), .. halves, .. brains])));
        float[] read = new float[6];

        file.CopyTo("f32", read);
        Assert.Equal(exact, read);
        file.CopyTo("f16", read);
        Assert.Equal(exact, read);
        file.CopyTo("bf16", read);
        Assert.Equal([0f, -1.5f, 65536f, float.NegativeInfinity, float.NaN, MathF.Pow(2, -24)], read);
        file.CopyTo("f64", read);
        Assert.Equal([1f, float.PositiveInfinity, -0f, float.NaN, 0.1f, -2f], read);
    }

    [Fact]
    public void Reading_WhatIsNotThere_SaysWhatIs()
    {
        string path = _folder.Put(SafetensorsFolder.Bytes(Tensor("a", "\"I32\"", "2", "0,8"), new byte[8]));
        using var file = SafetensorsFile.Open(path);

        Assert.Contains("which holds 1 tensors", Assert.Throws<SafetensorsException>(() => file.GetBytes("b")).Message);
        Assert.Contains("is I32 [2]", Assert.Throws<SafetensorsException>(() => file.CopyTo("a", new float[2])).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => file.GetBytes("a", 4, 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => file.GetBytes("a", -1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => file.GetBytes("a", long.MaxValue, 1));
        file.Dispose();
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => file.GetBytes("a"));
    }

    [Fact]
    public void CopyTo_AnotherNumberOfElements_NamesTheShape()
    {
        string path = _folder.Put(SafetensorsFolder.Bytes(Tensor("a", "\"F32\"", "2,1", "0,8"), new byte[8]));
        using var file = SafetensorsFile.Open(path);

        var exception = Assert.Throws<SafetensorsException>(() => file.CopyTo("a", new float[3]));

        Assert.Contains("is F32 [2, 1]; expected 3 elements", exception.Message);
    }

    [Fact]
    public void GetBytes_TensorBeyondTwoGibibytes_IsReadInParts()
    {
        const long size = 3L << 30;
        byte[] start = SafetensorsFolder.Bytes(
            $$$"""
            {"big":{"dtype":"U8","shape":[{{{size}}}],"data_offsets":[0,{{{size}}}]},
            "last":{"dtype":"F32","shape":[1],"data_offsets":[{{{size}}},{{{size + 4}}}]}}
            """);
        using (var stream = File.Create(_folder["big.safetensors"]))
        {
            stream.Write(start);
            stream.Position = start.Length + size - 1;
            stream.Write([42, .. MemoryMarshal.AsBytes<float>([1.25f])]);
        }

        using var file = SafetensorsFile.Open(_folder["big.safetensors"]);
        float[] last = new float[1];
        file.CopyTo("last", last);

        Assert.Equal([1.25f], last);
        Assert.Equal([0, 42], file.GetBytes("big", size - 2, 2).ToArray());
        Assert.Contains("read it in parts", Assert.Throws<SafetensorsException>(() => file.GetBytes("big")).Message);
    }

    private static string Tensor(string name, string dtype, string shape, string offsets) =>
        $$$"""{"{{{name}}}":{"dtype":{{{dtype}}},"shape":[{{{shape}}}],"data_offsets":[{{{offsets}}}]}}""";

    /// <summary>Two tensors of bytes with the sizes that their offsets tell.</summary>
    private static string Two(string name, string offsets, string otherName, string otherOffsets)
    {
        string first = Tensor(name, "\"U8\"", Size(offsets), offsets);
        return first[..^1] + "," + Tensor(otherName, "\"U8\"", Size(otherOffsets), otherOffsets)[1..];
        static string Size(string offsets) => $"{int.Parse(offsets.Split(',')[1]) - int.Parse(offsets.Split(',')[0])}";
    }
}
