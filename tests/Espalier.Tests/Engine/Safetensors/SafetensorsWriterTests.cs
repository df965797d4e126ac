using System.Text;
using Espalier.Engine.Safetensors;

namespace Espalier.Tests.Engine.Safetensors;

public sealed class SafetensorsWriterTests : IDisposable
{
    private readonly SafetensorsFolder _folder = new();

    private string Target => _folder["model.safetensors"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Commit_KnownTensors_GivesExactlyTheFormatsBytes()
    {
        using (var writer = new SafetensorsWriter(
            Target,
            [new("b", Dtype.U8, [3]), new("ü\"", Dtype.I32, []), new("a", Dtype.U8, [0, 7])],
            new Dictionary<string, string> { ["z"] = "1", ["format"] = "pt\n" }))
        {
            writer.Write("b", [1, 2, 3]);
            writer.Write("ü\"", [4, 5, 6, 7]);
            writer.Commit();
        }

        string header = """
            {"__metadata__":{"format":"pt\n","z":"1"},
            "ü\"":{"dtype":"I32","shape":[],"data_offsets":[0,4]},
            "a":{"dtype":"U8","shape":[0,7],"data_offsets":[4,4]},
            "b":{"dtype":"U8","shape":[3],"data_offsets":[4,7]}}
            """.ReplaceLineEndings("");
        int padding = -Encoding.UTF8.GetByteCount(header) & 7;
        Assert.NotEqual(0, padding);
        Assert.Equal(SafetensorsFolder.Bytes(header + new string(' ', padding), 4, 5, 6, 7, 1, 2, 3), File.ReadAllBytes(Target));
        Assert.Equal(["model.safetensors"], _folder.Files);
    }

    [Fact]
    public void Commit_SameTensorsDeclaredAndWrittenInAnotherOrder_GivesTheSameFile()
    {
        TensorDeclaration[] tensors = [new("x", Dtype.F32, [1]), new("y", Dtype.F64, [1]), new("B", Dtype.F32, [1])];
        byte[] Written(IEnumerable<TensorDeclaration> order)
        {
            using var writer = new SafetensorsWriter(Target, order);
            Assert.Equal(["y", "B", "x"], writer.Tensors.Select(entry => entry.Name));
            foreach (TensorDeclaration tensor in order)
            {
                writer.Write(tensor.Name, Enumerable.Repeat((byte)tensor.Name[0], tensor.Dtype.Bits() / 8).ToArray());
            }

            writer.Commit();
            return File.ReadAllBytes(Target);
        }

        Assert.Equal(Written(tensors), Written(tensors.Reverse()));
    }

    [Fact]
    public void Writer_GivenUp_LeavesTheOldFileAndNothingElse()
    {
        File.WriteAllText(Target, "old");
        using (var writer = new SafetensorsWriter(Target, [new("a", Dtype.U8, [2])]))
        {
            writer.Write("a", [1]);
            var incomplete = Assert.Throws<SafetensorsException>(writer.Commit);
            Assert.Contains("tensor 'a': has 1 bytes so far; expected 2 for U8 [2]", incomplete.Message);
            Assert.Equal("old", File.ReadAllText(Target));
        }

        Assert.Equal("old", File.ReadAllText(Target));
        Assert.Equal(["model.safetensors"], _folder.Files);
    }

    [Fact]
    public void Commit_TargetCannotBeReplaced_LeavesNothingBehind()
    {
        Directory.CreateDirectory(Target);
        using var writer = new SafetensorsWriter(Target, []);

        Assert.ThrowsAny<SystemException>(writer.Commit);
        Assert.Empty(_folder.Files);
    }

    [Fact]
    public void Writer_LargerThanTheDisk_FailsAtTheStartAndLeavesNothingBehind()
    {
        Assert.ThrowsAny<IOException>(() => new SafetensorsWriter(Target, [new("a", Dtype.F32, [1L << 55])]));
        Assert.Empty(_folder.Files);
    }

    [Fact]
    public void Write_WrongTensorOrTooMuch_SaysWhatWasDeclared()
    {
        using var writer = new SafetensorsWriter(Target, [new("a", Dtype.U8, [2])]);
        writer.Write("a", [1]);

        Assert.Contains("was not declared", Assert.Throws<SafetensorsException>(() => writer.Write("b", [])).Message);
        Assert.Contains("2 bytes after 1; expected 2 in all for U8 [2]",
            Assert.Throws<SafetensorsException>(() => writer.Write("a", [1, 2])).Message);
        writer.Write("a", [2]);
        writer.Commit();
        Assert.Throws<ObjectDisposedException>(() => writer.Write("a", []));
        Assert.Throws<ObjectDisposedException>(writer.Commit);
    }

    [Theory]
    [InlineData("__metadata__", 1, "keeps for itself")]
    [InlineData("twice", 1, "declared twice")]
    [InlineData("zero\0", 1, "zero character")]
    [InlineData("negative", -1, "dimension of -1")]
    [InlineData("overflow", long.MaxValue, "more than 2^63 bits")]
    [InlineData("odd", 3, "do not fill whole bytes")]
    public void Writer_ImpossibleTensor_IsRefusedBeforeAnyFileAppears(string name, long dimension, string message)
    {
        Dtype dtype = name == "odd" ? Dtype.F4 : Dtype.U8;

        var exception = Assert.Throws<SafetensorsException>(
            () => new SafetensorsWriter(Target, [new("twice", Dtype.U8, [1]), new(name, dtype, [dimension])]));

        Assert.Contains(message, exception.Message);
        Assert.Empty(_folder.Files);
    }

    [Fact]
    public void Writer_TextThatIsNoText_IsRefused()
    {
        Assert.Contains("zero character", Assert.Throws<SafetensorsException>(
            () => new SafetensorsWriter(Target, [], new Dictionary<string, string> { ["a"] = "b\0" })).Message);
        Assert.Contains("half a surrogate pair", Assert.Throws<SafetensorsException>(
            () => new SafetensorsWriter(Target, [new("half\ud800", Dtype.U8, [])])).Message);
    }
}
