using Espalier.Engine.Safetensors;
using FsCheck;
using FsCheck.Fluent;

namespace Espalier.Tests.Engine.Safetensors;

public sealed class SafetensorsRoundTripTests : IDisposable
{
    private static readonly string[] s_names =
        ["", "a", "encoder.layer.0.weight", "größe", "<&'\"\\/>", "\t\u0001\u007f", "重み", "😀", "é", "e\u0301"];

    private readonly SafetensorsFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void File_RandomTensors_ComesBackAsItWasWritten()
    {
        // Eight elements of any kind fill whole bytes; a scalar below a byte does not, and has no place in a file.
        Gen<TensorDeclaration> tensor =
            from name in Gen.Elements(s_names)
            from dtype in Gen.Elements(Enum.GetValues<Dtype>())
            from rank in Gen.Choose(0, 4)
            from shape in Gen.ArrayOf(Gen.Choose(0, 5).Select(size => (long)size), rank)
            select new TensorDeclaration(name, dtype, dtype.Bits() < 8 ? [.. shape, 8] : shape);
        Gen<(TensorDeclaration[] Tensors, int Seed)> file =
            from tensors in Gen.ArrayOf(tensor)
            from seed in Gen.Choose(0, int.MaxValue)
            select (tensors.DistinctBy(one => one.Name).ToArray(), seed);

        Prop.ForAll(file.ToArbitrary(), given => CheckRoundTrip(given.Tensors, given.Seed))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(100));
    }

    private void CheckRoundTrip(TensorDeclaration[] tensors, int seed)
    {
        var random = new System.Random(seed);
        string path = _folder["round.safetensors"];
        Dictionary<string, string> metadata =
            s_names.Take(random.Next(s_names.Length)).ToDictionary(name => name, name => name + "!");
        var bytes = new Dictionary<string, byte[]>();
        using (var writer = new SafetensorsWriter(path, tensors, metadata))
        {
            foreach (TensorEntry entry in writer.Tensors)
            {
                bytes[entry.Name] = new byte[entry.ByteCount];
                random.NextBytes(bytes[entry.Name]);
            }

            WriteInPieces(writer, bytes, random);
            writer.Commit();
        }

        using var file = SafetensorsFile.Open(path);
        Assert.Equal(metadata, file.Metadata);
        Assert.Equal(tensors.Length, file.Tensors.Count);
        long dataStart = new FileInfo(path).Length - bytes.Values.Sum(content => (long)content.Length);
        Assert.Equal(0, dataStart % 8);
        foreach (TensorDeclaration tensor in tensors)
        {
            TensorEntry entry = file.Tensors[tensor.Name];
            Assert.Equal(tensor.Dtype, entry.Dtype);
            Assert.Equal(tensor.Shape, entry.Shape);
            Assert.Equal(tensor.Shape.Aggregate(1L, (product, size) => product * size), entry.ElementCount);
            Assert.Equal(bytes[tensor.Name], file.GetBytes(tensor.Name).ToArray());
            Assert.Equal(0, entry.Begin % Math.Max(1, tensor.Dtype.Bits() / 8));
        }
    }

    /// <summary>A few bytes of this tensor, a few of that one, until all are written.</summary>
    private static void WriteInPieces(SafetensorsWriter writer, Dictionary<string, byte[]> bytes, System.Random random)
    {
        Dictionary<string, int> written = bytes.Keys.ToDictionary(name => name, _ => 0);
        string[] left;
        while ((left = [.. bytes.Keys.Where(name => written[name] < bytes[name].Length)]).Length > 0)
        {
            string name = left[random.Next(left.Length)];
            int count = random.Next(bytes[name].Length - written[name] + 1);
            writer.Write(name, bytes[name].AsSpan(written[name], count));
            written[name] += count;
        }
    }
}
