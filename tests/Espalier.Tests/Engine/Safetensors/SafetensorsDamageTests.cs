using System.Buffers.Binary;
using Espalier.Engine.Safetensors;

namespace Espalier.Tests.Engine.Safetensors;

/// <summary>Whatever is done to a file, reading it ends in a <see cref="SafetensorsException"/> or in its own bytes.</summary>
public sealed class SafetensorsDamageTests : IDisposable
{
    private const int AllocationBound = 1 << 20;

    private readonly SafetensorsFolder _folder = new();
    private readonly byte[] _whole;

    public SafetensorsDamageTests()
    {
        TensorDeclaration[] tensors =
        [
            new("weight", Dtype.F32, [3, 2]), new("half", Dtype.BF16, [5]), new("codes", Dtype.F4, [2, 8]),
            new("ü", Dtype.U8, []),
        ];
        using var writer =
            new SafetensorsWriter(_folder["whole.safetensors"], tensors, new Dictionary<string, string> { ["format"] = "pt" });
        foreach (TensorEntry entry in writer.Tensors)
        {
            writer.Write(entry.Name, new byte[entry.ByteCount]);
        }

        writer.Commit();
        _whole = File.ReadAllBytes(_folder["whole.safetensors"]);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Open_DamagedFile_ThrowsSafetensorsExceptionOrReadsSafely()
    {
        int refused = CountRefused(300, random =>
        {
            using var file = SafetensorsFile.Open(_folder.Put(Damage(_whole, random)));
            foreach (TensorEntry entry in file.Tensors.Values)
            {
                Assert.Equal(entry.ByteCount, file.GetBytes(entry.Name).ToArray().Length);
                if (entry.Dtype is Dtype.F32 or Dtype.F16 or Dtype.BF16 or Dtype.F64)
                {
                    file.CopyTo(entry.Name, new float[entry.ElementCount]);
                }
            }
        });

        // Most damage shows; what hits a name, the metadata or the tensors' own bytes cannot.
        Assert.InRange(refused, 150, 299);
    }

    [Fact]
    public void Header_DamagedTensThousandsOfTimes_IsRefusedOrStillCoversItsData()
    {
        int headerBytes = (int)BinaryPrimitives.ReadInt64LittleEndian(_whole);
        byte[] header = _whole[8..(8 + headerBytes)];
        int dataBytes = _whole.Length - 8 - headerBytes;
        int refused = CountRefused(30_000, random =>
        {
            (Dictionary<string, TensorEntry> tensors, _) = HeaderReader.Read("damaged", Damage(header, random), dataBytes);
            Assert.Equal(dataBytes, tensors.Values.Sum(entry => entry.ByteCount));
            Assert.All(tensors.Values, entry => Assert.InRange(entry.Begin, 0, dataBytes - entry.ByteCount));
        });

        Assert.InRange(refused, 15_000, 29_999);
    }

    private static int CountRefused(int times, Action<System.Random> read)
    {
        int refused = 0;
        for (int seed = 0; seed < times; seed++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                read(new System.Random(seed));
            }
            catch (SafetensorsException)
            {
                refused++;
            }

            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, AllocationBound);
        }

        return refused;
    }

    private static byte[] Damage(byte[] whole, System.Random random)
    {
        const string json = "{}[]\":,0123456789-.eE\\u \0";
        List<byte> bytes = [.. whole];
        for (int damages = random.Next(1, 4); damages > 0 && bytes.Count > 0; damages--)
        {
            // Half of all damage goes to the length and the start of the header.
            int place = random.Next(random.Next(2) == 0 ? Math.Min(bytes.Count, 64) : bytes.Count);
            switch (random.Next(6))
            {
                case 0:
                    bytes.RemoveRange(place, bytes.Count - place);
                    break;
                case 1:
                    bytes.RemoveRange(place, Math.Min(random.Next(1, 9), bytes.Count - place));
                    break;
                case 2:
                    bytes.Insert(place, (byte)json[random.Next(json.Length)]);
                    break;
                case 3:
                    bytes[place] = (byte)json[random.Next(json.Length)];
                    break;
                default:
                    bytes[place] ^= (byte)(1 << random.Next(8));
                    break;
            }
        }

        return [.. bytes];
    }
}
