using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Espalier.Text.Files;

/// <summary>Writes a file from beginning to end and knows its SHA-256 when done.</summary>
internal sealed class HashedFile(string path) : IDisposable
{
    private readonly FileStream _file = new(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16);
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <summary>Appends values as they lie in memory, little-endian.</summary>
    public void Write<T>(ReadOnlySpan<T> values) where T : unmanaged
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(values);
        _file.Write(bytes);
        _hash.AppendData(bytes);
    }

    /// <summary>Flushes to disk.</summary>
    /// <returns>The SHA-256 in lower-case hex.</returns>
    public string Complete()
    {
        _file.Flush(flushToDisk: true);
        return Convert.ToHexStringLower(_hash.GetHashAndReset());
    }

    public void Dispose()
    {
        _file.Dispose();
        _hash.Dispose();
    }

    /// <summary>The SHA-256 of a file's bytes, in lower-case hex.</summary>
    /// <exception cref="TextException">It cannot be read.</exception>
    public static string Sha256(string path)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            return Convert.ToHexStringLower(SHA256.HashData(file));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new TextException($"cannot be read: {fault.Message}", path, inner: fault);
        }
    }
}
