using System.Text.Json;
using System.Text.Json.Serialization;
using Espalier.Engine.Kernels;

namespace Espalier.Engine.Models;

/// <summary>
/// <c>config.json</c> of an encoder-decoder model. Its fields have the names that BART's and Marian's have, its tensors those of
/// <see cref="EncoderDecoder"/>; the model type is our own, for neither of theirs has these positions with both places of the norms.
/// </summary>
public sealed record EncoderDecoderFormat
{
    /// <summary>The model type that tells it from others.</summary>
    public const string Type = "espalier-encoder-decoder";

    /// <summary>Name of the file.</summary>
    public const string FileName = "config.json";

    /// <summary>The model type.</summary>
    public required string ModelType { get; init; }

    /// <summary>Symbols.</summary>
    public required int VocabSize { get; init; }

    /// <summary>Width.</summary>
    public required int DModel { get; init; }

    /// <summary>Layers of the encoder.</summary>
    public required int EncoderLayers { get; init; }

    /// <summary>Layers of the decoder.</summary>
    public required int DecoderLayers { get; init; }

    /// <summary>Heads of the encoder and of the decoder.</summary>
    public required int EncoderAttentionHeads { get; init; }

    /// <summary>Width of a head; null means <see cref="DModel"/> / <see cref="EncoderAttentionHeads"/>. Another where heads were
    /// pruned.</summary>
    public int? HeadSize { get; init; }

    /// <summary>Width of the feed-forward layers.</summary>
    public required int EncoderFfnDim { get; init; }

    /// <summary>The longest sequence it was trained on.</summary>
    public required int MaxPositionEmbeddings { get; init; }

    /// <summary>Activation of the feed-forward layers.</summary>
    public string ActivationFunction { get; init; } = "relu";

    /// <summary>Dropout while training.</summary>
    public float Dropout { get; init; }

    /// <summary>Dropout of attention while training.</summary>
    public float AttentionDropout { get; init; }

    /// <summary>Label smoothing while training.</summary>
    public float LabelSmoothing { get; init; }

    /// <summary>Whether norms stand before their sub-layers.</summary>
    public bool NormalizeBefore { get; init; } = true;

    /// <summary>ε of layer norm.</summary>
    public float LayerNormEps { get; init; } = 1e-5f;

    /// <summary>Which layers share parameters.</summary>
    public LayerSharing LayerSharing { get; init; }

    /// <summary>The first token of a target.</summary>
    public int BosTokenId { get; init; }

    /// <summary>Padding.</summary>
    public int PadTokenId { get; init; } = 1;

    /// <summary>What ends a sequence.</summary>
    public int EosTokenId { get; init; } = 2;

    /// <summary>In a package: how the weights are compressed. Its own reader knows what stands in it.</summary>
    [JsonPropertyName("espalier_compression")]
    public JsonElement? Compression { get; init; }

    /// <summary>What stands in the file, in UTF-8.</summary>
    /// <param name="c">The model.</param>
    /// <param name="bos">The first token of a target.</param>
    /// <param name="pad">Padding.</param>
    /// <param name="eos">What ends a sequence.</param>
    public static byte[] Write(EncoderDecoderConfiguration c, int bos, int pad, int eos) => JsonSerializer.SerializeToUtf8Bytes(
        new EncoderDecoderFormat
        {
            ModelType = Type,
            VocabSize = c.Vocabulary,
            DModel = c.Hidden,
            EncoderLayers = c.Layers,
            DecoderLayers = c.ActualDecoderLayers,
            EncoderAttentionHeads = c.ActualHeads,
            HeadSize = c.AttentionWidth == c.Hidden ? null : c.ActualHeadSize,
            EncoderFfnDim = c.ActualFeedForward,
            MaxPositionEmbeddings = c.MaximumPositions,
            ActivationFunction = NameOf(c.Activation),
            Dropout = c.Dropout,
            AttentionDropout = c.AttentionDropout,
            LabelSmoothing = c.LabelSmoothing,
            NormalizeBefore = c.Norm == NormPlacement.Pre,
            LayerNormEps = c.LayerNormEpsilon,
            LayerSharing = c.Sharing,
            BosTokenId = bos,
            PadTokenId = pad,
            EosTokenId = eos,
        }, EncoderDecoderJson.Default.EncoderDecoderFormat);

    /// <summary>Whether a <c>config.json</c> is of such a model.</summary>
    /// <param name="json">The file's bytes.</param>
    public static bool IsOf(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, EncoderDecoderJson.Default.EncoderDecoderFormat)?.ModelType == Type;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>Reads the file's bytes.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="json">Its bytes.</param>
    /// <exception cref="ModelFormatException">They are of another kind of model, or of none, or name a token that it has not.</exception>
    public static EncoderDecoderFormat Read(string path, ReadOnlySpan<byte> json)
    {
        try
        {
            EncoderDecoderFormat format = JsonSerializer.Deserialize(json, EncoderDecoderJson.Default.EncoderDecoderFormat)
                ?? throw new JsonException("it is null");
            if (format.ModelType != Type)
            {
                throw new ModelFormatException(path, $"has model_type '{format.ModelType}'; expected {Type}, a model that translates");
            }

            foreach (int id in new[] { format.BosTokenId, format.EosTokenId })
            {
                if ((uint)id >= (uint)format.VocabSize)
                {
                    throw new ModelFormatException(
                        path, $"begins or ends translations with token {id}; expected one of the {format.VocabSize} symbols");
                }
            }

            return format;
        }
        catch (JsonException e)
        {
            throw new ModelFormatException(path, $"is no configuration of a model that translates: {e.Message}", e);
        }
    }

    /// <summary>The model.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <exception cref="ModelFormatException">The activation is not known.</exception>
    public EncoderDecoderConfiguration ToModel(string path) => new()
    {
        Layers = EncoderLayers,
        DecoderLayers = DecoderLayers,
        Hidden = DModel,
        Heads = EncoderAttentionHeads,
        HeadSize = HeadSize ?? 0,
        FeedForward = EncoderFfnDim,
        Vocabulary = VocabSize,
        MaximumPositions = MaxPositionEmbeddings,
        Dropout = Dropout,
        AttentionDropout = AttentionDropout,
        LabelSmoothing = LabelSmoothing,
        Norm = NormalizeBefore ? NormPlacement.Pre : NormPlacement.Post,
        LayerNormEpsilon = LayerNormEps,
        Sharing = LayerSharing,
        Activation = Enum.GetValues<Activation>().Where(a => NameOf(a) == ActivationFunction).Select(a => (Activation?)a).FirstOrDefault()
            ?? throw new ModelFormatException(path, $"has activation_function '{ActivationFunction}', which the engine does not know"),
    };

    private static string NameOf(Activation activation) => activation.ToString().ToLowerInvariant();
}

/// <summary>How the file is read and written.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(EncoderDecoderFormat))]
internal sealed partial class EncoderDecoderJson : JsonSerializerContext;
