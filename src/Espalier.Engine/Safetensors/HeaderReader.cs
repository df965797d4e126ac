using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Espalier.Engine.Safetensors;

/// <summary>
/// Reads and checks the header of a safetensors file. Nothing in it is believed: names must be unique, each size must follow from
/// shape and kind, and the tensors must cover the data without overlaps or holes. Memory stays below about ten times the bytes of
/// the header itself, whatever it claims.
/// </summary>
internal ref struct HeaderReader
{
    internal const string MetadataName = "__metadata__";

    // PyTorch and NumPy end at 64 dimensions; without a bound a header of zeros would be all shape.
    internal const int MaxRank = 64;

    private readonly string _path;
    private readonly long _dataBytes;
    private readonly Dictionary<string, TensorEntry> _tensors = [];
    private readonly Dictionary<string, string> _metadata = [];
    private Utf8JsonReader _json;

    private HeaderReader(string path, ReadOnlySpan<byte> utf8, long dataBytes)
    {
        _path = path;
        _dataBytes = dataBytes;
        _json = new Utf8JsonReader(utf8);
    }

    /// <summary>Reads <paramref name="utf8"/>, which <paramref name="dataBytes"/> bytes of tensors follow.</summary>
    /// <exception cref="SafetensorsException">Anything is not as the format wants it.</exception>
    public static (Dictionary<string, TensorEntry> Tensors, Dictionary<string, string> Metadata) Read(
        string path, ReadOnlySpan<byte> utf8, long dataBytes)
    {
        if (utf8.IsEmpty || utf8[0] != (byte)'{')
        {
            throw new SafetensorsException(path, null, "the header does not begin with '{'; expected a safetensors file");
        }

        if (!Utf8.IsValid(utf8))
        {
            throw new SafetensorsException(path, null, "the header is not valid UTF-8; expected JSON");
        }

        var reader = new HeaderReader(path, utf8, dataBytes);
        try
        {
            reader.ReadHeader();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // The JSON reader throws the second for text that is no Unicode: "\ud800" alone.
            throw new SafetensorsException(path, null, $"the header is not valid JSON: {e.Message}", e);
        }

        reader.CheckCover();
        return (reader._tensors, reader._metadata);
    }

    private void ReadHeader()
    {
        bool hasMetadata = false;
        _json.Read();
        while (NextProperty())
        {
            string name = _json.GetString()!;
            _json.Read();
            if (name != MetadataName)
            {
                ReadTensor(name);
            }
            else if (hasMetadata)
            {
                throw Fault(null, "has __metadata__ twice; expected it once");
            }
            else
            {
                hasMetadata = true;
                ReadMetadata();
            }
        }

        // Throws if anything but white space follows.
        _json.Read();
    }

    private bool NextProperty() => _json.Read() && _json.TokenType == JsonTokenType.PropertyName;

    private void ReadMetadata()
    {
        if (_json.TokenType != JsonTokenType.StartObject)
        {
            throw Fault(null, "__metadata__ is not an object; expected one of strings");
        }

        while (NextProperty())
        {
            string key = _json.GetString()!;
            _json.Read();
            if (_json.TokenType != JsonTokenType.String)
            {
                throw Fault(null, $"__metadata__ holds {SafetensorsException.Quote(key)}, which is no string");
            }

            string value = _json.GetString()!;
            if (key.Contains('\0') || value.Contains('\0'))
            {
                throw Fault(null, $"__metadata__ has a zero character in {SafetensorsException.Quote(key)}; none is allowed");
            }

            if (!_metadata.TryAdd(key, value))
            {
                throw Fault(null, $"__metadata__ holds {SafetensorsException.Quote(key)} twice; expected unique names");
            }
        }
    }

    private void ReadTensor(string name)
    {
        if (name.Contains('\0'))
        {
            throw Fault(name, "its name has a zero character; none is allowed");
        }

        if (_json.TokenType != JsonTokenType.StartObject)
        {
            throw Fault(name, "is not described by an object; expected dtype, shape and data_offsets");
        }

        Dtype? dtype = null;
        long[]? shape = null, offsets = null;
        while (NextProperty())
        {
            bool repeated = false;
            if (_json.ValueTextEquals("dtype"u8))
            {
                repeated = dtype is not null;
                dtype = ReadDtype(name);
            }
            else if (_json.ValueTextEquals("shape"u8))
            {
                repeated = shape is not null;
                shape = ReadWholeNumbers(name, "shape", MaxRank);
            }
            else if (_json.ValueTextEquals("data_offsets"u8))
            {
                repeated = offsets is not null;
                offsets = ReadWholeNumbers(name, "data_offsets", 2);
            }
            else
            {
                // Newer writers may say more; what they add cannot change what these three mean.
                _json.Skip();
            }

            if (repeated)
            {
                throw Fault(name, "is described twice over; expected dtype, shape and data_offsets once each");
            }
        }

        if (dtype is null || shape is null || offsets is not { Length: 2 })
        {
            throw Fault(name, "lacks dtype, shape or two data_offsets; expected all of them");
        }

        Add(name, dtype.Value, shape, offsets[0], offsets[1]);
    }

    private void Add(string name, Dtype dtype, long[] shape, long begin, long end)
    {
        if (TensorEntry.Measure(dtype, shape, out long byteCount) is { } fault)
        {
            throw Fault(name, fault);
        }

        if (begin > end || end > _dataBytes)
        {
            throw Fault(name, $"claims bytes {begin} to {end} of the data; the file holds {_dataBytes}. Is it cut short?");
        }

        var entry = new TensorEntry(name, dtype, shape, begin, byteCount);
        if (byteCount != end - begin)
        {
            throw Fault(name, $"has {end - begin} bytes; expected {byteCount} for {entry.Description}");
        }

        if (!_tensors.TryAdd(name, entry))
        {
            throw Fault(name, "is there twice; expected unique names");
        }
    }

    private Dtype ReadDtype(string name)
    {
        _json.Read();
        if (_json.TokenType != JsonTokenType.String)
        {
            throw Fault(name, "has a dtype that is no string");
        }

        foreach (Dtype dtype in Dtypes.All)
        {
            if (_json.ValueTextEquals(dtype.Name()))
            {
                return dtype;
            }
        }

        throw Fault(name, $"has the unknown dtype {Excerpt()}; expected one of {Dtypes.Names}");
    }

    private long[] ReadWholeNumbers(string name, string field, int most)
    {
        _json.Read();
        if (_json.TokenType != JsonTokenType.StartArray)
        {
            throw Fault(name, $"has a {field} that is no array");
        }

        var numbers = new List<long>();
        while (_json.Read() && _json.TokenType != JsonTokenType.EndArray)
        {
            if (_json.TokenType != JsonTokenType.Number || !_json.TryGetInt64(out long number) || number < 0)
            {
                throw Fault(name, $"has {Excerpt()} in its {field}; expected whole numbers from 0 to 2^63 - 1");
            }

            if (numbers.Count == most)
            {
                throw Fault(name, $"has more than {most} numbers in its {field}");
            }

            numbers.Add(number);
        }

        return [.. numbers];
    }

    /// <summary>The tensors must lie end to end, from the first byte of the data to the last.</summary>
    private readonly void CheckCover()
    {
        TensorEntry[] sorted = [.. _tensors.Values];
        Array.Sort(sorted, (a, b) => (a.Begin, a.End).CompareTo((b.Begin, b.End)));
        long covered = 0;
        foreach (TensorEntry entry in sorted)
        {
            if (entry.Begin != covered)
            {
                string fault = entry.Begin < covered ? "overlaps the tensor before it" : "leaves a hole before it";
                throw Fault(entry.Name, $"{fault}: it begins at byte {entry.Begin} of the data; expected {covered}");
            }

            covered = entry.End;
        }

        if (covered != _dataBytes)
        {
            throw Fault(null, $"{_dataBytes} bytes follow the header, but its tensors end at {covered}; expected no more");
        }
    }

    /// <summary>What stands at the reader, as the file writes it.</summary>
    private readonly string Excerpt() => SafetensorsException.Quote(Encoding.UTF8.GetString(_json.ValueSpan));

    private readonly SafetensorsException Fault(string? tensor, string fault) => new(_path, tensor, fault);
}
