using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Memory;
using Espalier.Engine.Safetensors;

namespace Espalier.Engine.Models;

/// <summary>An encoder's weights under Hugging Face's names, on the disk and back.</summary>
/// <remarks>
/// RoBERTa counts positions from the padding symbol's id + 1, so its table begins with rows that nobody reads; it has one
/// token type, whose embedding is zero here and goes into the positions' where another program's is not. Layers that share parameters are written once for each, as it knows no sharing.
/// </remarks>
internal static class RobertaTensors
{
    public const string FileName = "model.safetensors";

    private const string Positions = "embeddings.position_embeddings.weight", TokenTypes = "embeddings.token_type_embeddings.weight";

    private static readonly string[] HeadNames = ["lm_head.", "classifier."];

    public static void Save(string path, ParameterSet parameters, EncoderConfiguration configuration, int pad)
    {
        int unread = pad + 1;
        using DeviceMemory positions = PositionMemory(parameters, configuration, unread);
        using DeviceMemory tokenTypes = new(parameters.Device, configuration.Hidden * sizeof(float));
        DeviceSpan<float> table = PositionTable(parameters);
        float[] rows = new float[table.Length];
        parameters.Device.Download(table, rows);
        parameters.Device.Upload(rows, Read(positions, configuration, unread));
        IEnumerable<(string, Shape, DeviceSpan<float>)> tensors =
        [
            .. Tensors(parameters, configuration, positions, unread),
            (RobertaConfiguration.PrefixOf(configuration.Norm) + TokenTypes, Shape.Matrix(1, configuration.Hidden), tokenTypes.Span<float>()),
            .. Copies(parameters, configuration),
        ];
        TensorTransfer.Save(
            path, parameters.Device, tensors,
            new Dictionary<string, string> { ["format"] = "pt" });
    }

    /// <summary>Loads weights into parameters of the same encoder; without the head that stays as it was.</summary>
    public static void Load(string path, ParameterSet parameters, EncoderConfiguration configuration, int pad, bool withHead)
    {
        int unread = pad + 1;
        using SafetensorsFile file = SafetensorsFile.Open(path);
        using DeviceMemory positions = PositionMemory(parameters, configuration, unread);
        TensorTransfer.Load(
            file, parameters.Device, Tensors(parameters, configuration, positions, unread).Where(t => withHead || !IsHead(t.Name)),
            exact: false, finite: true);
        float[] rows = new float[PositionTable(parameters).Length];
        parameters.Device.Download(Read(positions, configuration, unread), rows);
        AddTokenType(file, parameters.Device, configuration, rows);
        parameters.Device.Upload(rows, PositionTable(parameters));
    }

    /// <summary>The name in the file of a tensor that the engine stores under <paramref name="name"/>.</summary>
    public static string NameOf(string name, EncoderConfiguration configuration)
        => IsHead(name) ? name : RobertaConfiguration.PrefixOf(configuration.Norm) + name;

    /// <summary>Whether a tensor is of a head rather than of the encoder.</summary>
    public static bool IsHead(string name) => HeadNames.Any(head => name.StartsWith(head, StringComparison.Ordinal));

    // Every token is of the first type, so that its embedding can as well be each position's.
    private static void AddTokenType(SafetensorsFile file, Device device, EncoderConfiguration c, float[] positions)
    {
        string name = NameOf(TokenTypes, c);
        if (!file.Tensors.TryGetValue(name, out TensorEntry? entry))
        {
            return;
        }

        int types = entry.Shape is [> 0 and var rows, _] ? (int)rows : 1;
        using var memory = new DeviceMemory(device, (long)types * c.Hidden * sizeof(float));
        TensorTransfer.Load(file, device, [(name, Shape.Matrix(types, c.Hidden), memory.Span<float>())], exact: false, finite: true);
        float[] type = new float[c.Hidden];
        device.Download(memory.Span<float>().Slice(0, c.Hidden), type);
        for (int i = 0; i < positions.Length; i++)
        {
            positions[i] += type[i % c.Hidden];
        }
    }

    private static DeviceSpan<float> PositionTable(ParameterSet parameters)
        => parameters.Stored().Single(t => t.Name == Positions).Values;

    private static DeviceMemory PositionMemory(ParameterSet parameters, EncoderConfiguration c, int unread)
        => new(parameters.Device, (long)(c.MaximumPositions + unread) * c.Hidden * sizeof(float));

    // The rows that hold positions, after those that nobody reads.
    private static DeviceSpan<float> Read(DeviceMemory positions, EncoderConfiguration c, int unread)
        => positions.Span<float>().Slice((long)unread * c.Hidden, (long)c.MaximumPositions * c.Hidden);

    // What both sides know, under the other's names, with the longer table of positions.
    private static IEnumerable<(string Name, Shape Shape, DeviceSpan<float> Values)> Tensors(
        ParameterSet parameters, EncoderConfiguration c, DeviceMemory positions, int unread)
    {
        foreach ((string name, Shape shape, DeviceSpan<float> values) in parameters.Stored())
        {
            yield return name == Positions
                ? (NameOf(name, c), Shape.Matrix(c.MaximumPositions + unread, c.Hidden), positions.Span<float>())
                : (NameOf(name, c), shape, values);
        }
    }

    // Shared layers once more under the names of those that share them.
    private static IEnumerable<(string Name, Shape Shape, DeviceSpan<float> Values)> Copies(ParameterSet parameters, EncoderConfiguration c)
    {
        const string first = "encoder.layer.0.";
        HashSet<string> declared = [.. parameters.Stored().Select(t => t.Name)];
        foreach ((string name, Shape shape, DeviceSpan<float> values) in parameters.Stored())
        {
            for (int layer = 1; layer < c.Layers && name.StartsWith(first, StringComparison.Ordinal); layer++)
            {
                string copy = $"encoder.layer.{layer}.{name[first.Length..]}";
                if (!declared.Contains(copy))
                {
                    yield return (RobertaConfiguration.PrefixOf(c.Norm) + copy, shape, values);
                }
            }
        }
    }
}
