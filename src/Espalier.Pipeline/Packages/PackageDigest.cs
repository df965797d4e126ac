using System.Security.Cryptography;
using System.Text;
using Espalier.Compression;
using Espalier.Compression.Packages;
using Espalier.Engine.Safetensors;

namespace Espalier.Pipeline.Packages;

/// <summary>Tells whether a package is still what was made.</summary>
internal static class PackageDigest
{
    /// <summary>SHA-256 over the files of a package, in lower-case hex.</summary>
    /// <exception cref="IOException">One cannot be read.</exception>
    public static string Of(string folder)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] chunk = new byte[1 << 16];
        foreach (string name in ModelPackage.Files)
        {
            using FileStream file = File.OpenRead(Path.Join(folder, name));
            hash.AppendData(Encoding.UTF8.GetBytes($"{name} {file.Length}\n"));
            for (int read; (read = file.Read(chunk)) > 0;)
            {
                hash.AppendData(chunk, 0, read);
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>What is wrong with a package, such as "is not there"; null where nothing is.</summary>
    /// <param name="folder">Its folder.</param>
    /// <param name="bytes">Bytes that it was made with.</param>
    /// <param name="sha256">What <see cref="Of"/> gave then; null where an earlier version did not keep it, and the package must answer for
    /// itself as far as it can.</param>
    public static string? Fault(string folder, long bytes, string? sha256)
    {
        if (!Directory.Exists(folder))
        {
            return "is not there";
        }

        try
        {
            return ModelPackage.BytesOf(folder) is var has && has != bytes ? $"has {has:N0} bytes, and was made with {bytes:N0}"
                : (sha256 == null ? IsWhole(folder) : Of(folder) == sha256) ? null : "is not what was made: its SHA-256 is another";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CompressionException or SafetensorsException)
        {
            return $"cannot be read: {e.Message}";
        }
    }

    private static bool IsWhole(string folder) => !CompressedWeights.AreIn(folder) || CompressedWeights.Open(folder).AreWhole();
}
