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
    /// <param name="path">The file.</param>
    /// <param name="part">The part of it that counts, from its beginning.</param>
    /// <exception cref="TextException">It cannot be read.</exception>
    public static string Sha256(string path, double part = 1)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            byte[] buffer = new byte[1 << 16];
            long left = part < 1 ? (long)(part * file.Length) : long.MaxValue;
            for (int got; (got = file.Read(buffer, 0, (int)Math.Min(buffer.Length, left))) > 0; left -= got)
                hash.AppendData(buffer, 0, got);
            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new TextException($"cannot be read: {fault.Message}", path, inner: fault);
        }
    }
}
