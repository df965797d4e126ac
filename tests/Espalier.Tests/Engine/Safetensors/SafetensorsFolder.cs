using System.Buffers.Binary;
using System.Text;

namespace Espalier.Tests.Engine.Safetensors;

/// <summary>A folder for one test, gone with it, and files in it that no writer of ours has made.</summary>
public sealed class SafetensorsFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("espalier-");

    public string Root => _folder.FullName;

    public string this[string name] => Path.Combine(Root, name);

    public IEnumerable<string> Files => _folder.EnumerateFiles().Select(file => file.Name).Order();

    public static byte[] Bytes(string header, params byte[] data)
    {
        byte[] text = Encoding.UTF8.GetBytes(header);
        byte[] length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, text.Length);
        return [.. length, .. text, .. data];
    }

    /// <summary>A file of exactly these bytes, under a name used before, perhaps.</summary>
    public string Put(params byte[] content)
    {
        // Overwriting in place would make some file systems wait for the disk, thousands of times.
        File.Delete(this["given.safetensors"]);
        File.WriteAllBytes(this["given.safetensors"], content);
        return this["given.safetensors"];
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
