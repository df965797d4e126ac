using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Espalier.Engine.Safetensors;

/// <summary>Lays declared tensors end to end and writes the header that says so; nothing that the reader would refuse.</summary>
internal static class HeaderWriter
{
    private static readonly UTF8Encoding s_strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Gives each tensor its place: widest elements first, as the format asks for, so that all are aligned.</summary>
    public static TensorEntry[] Lay(string path, IEnumerable<TensorDeclaration> tensors)
    {
        TensorDeclaration[] sorted =
            [.. tensors.OrderByDescending(tensor => tensor.Dtype).ThenBy(tensor => tensor.Name, StringComparer.Ordinal)];
        var names = new HashSet<string>();
        var entries = new TensorEntry[sorted.Length];
        long end = 0;
        for (int i = 0; i < sorted.Length; i++)
        {
            (string name, Dtype dtype, IReadOnlyList<long> shape) = sorted[i];
            long[] dimensions = [.. shape];
            CheckText(path, name, name);
            string? fault = name == HeaderReader.MetadataName ? "is a name that the format keeps for itself; expected another"
                : !names.Add(name) ? "is declared twice; expected unique names"
                : dimensions.Length > HeaderReader.MaxRank
                    ? $"has {dimensions.Length} dimensions; expected {HeaderReader.MaxRank} at most"
                : null;
            long byteCount = 0;
            fault ??= TensorEntry.Measure(dtype, dimensions, out byteCount);
            fault ??= byteCount > long.MaxValue / 2 - end ? "makes the file larger than any disk" : null;
            if (fault is not null)
            {
                throw new SafetensorsException(path, name, fault);
            }

            entries[i] = new TensorEntry(name, dtype, dimensions, end, byteCount);
            end = entries[i].End;
        }

        return entries;
    }

    /// <summary>The file up to its first tensor: the header's length, the header, spaces up to a multiple of 8.</summary>
    public static byte[] Write(string path, IEnumerable<TensorEntry> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        var buffer = new ArrayBufferWriter<byte>();
        buffer.Write(stackalloc byte[SafetensorsFile.LengthBytes]);
        using (var json = new Utf8JsonWriter(buffer, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            WriteMetadata(path, json, metadata);
            foreach (TensorEntry tensor in tensors)
            {
                json.WriteStartObject(tensor.Name);
                json.WriteString("dtype", tensor.Dtype.Name());
                WriteNumbers(json, "shape", tensor.Shape);
                WriteNumbers(json, "data_offsets", [tensor.Begin, tensor.End]);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        int padding = -buffer.WrittenCount & (SafetensorsFile.LengthBytes - 1);
        byte[] header = new byte[buffer.WrittenCount + padding];
        buffer.WrittenSpan.CopyTo(header);
        header.AsSpan(buffer.WrittenCount).Fill((byte)' ');
        int headerBytes = header.Length - SafetensorsFile.LengthBytes;
        if (headerBytes > SafetensorsFile.MaxHeaderBytes)
        {
            throw new SafetensorsException(
                path, null, $"its header would take {headerBytes} bytes; expected at most {SafetensorsFile.MaxHeaderBytes}");
        }

        BinaryPrimitives.WriteUInt64LittleEndian(header, (ulong)headerBytes);
        return header;
    }

    private static void WriteMetadata(string path, Utf8JsonWriter json, IReadOnlyDictionary<string, string> metadata)
    {
        if (metadata.Count == 0)
        {
            return;
        }

        json.WriteStartObject(HeaderReader.MetadataName);
        foreach ((string key, string value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            CheckText(path, null, key);
            CheckText(path, null, value);
            json.WriteString(key, value);
        }

        json.WriteEndObject();
    }

    private static void WriteNumbers(Utf8JsonWriter json, string name, IEnumerable<long> numbers)
    {
        json.WriteStartArray(name);
        foreach (long number in numbers)
        {
            json.WriteNumberValue(number);
        }

        json.WriteEndArray();
    }

    private static void CheckText(string path, string? tensor, string text)
    {
        string? fault = text.Contains('\0') ? "a zero character; none is allowed" : null;
        try
        {
            s_strict.GetByteCount(text);
        }
        catch (EncoderFallbackException)
        {
            fault = "half a surrogate pair; expected Unicode text";
        }

        if (fault is not null)
        {
            throw new SafetensorsException(path, tensor, $"{SafetensorsException.Quote(text)} has {fault}");
        }
    }
}
