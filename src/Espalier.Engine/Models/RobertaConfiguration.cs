using System.Text.Json;
using System.Text.Json.Serialization;
using Espalier.Engine.Kernels;

namespace Espalier.Engine.Models;

/// <summary>
/// An encoder's <c>config.json</c> with Hugging Face's names: RoBERTa, or RobertaPreLayerNorm where norms stand before their
/// sub-layers. Whoever writes or opens a model shares it.
/// </summary>
internal sealed record RobertaConfiguration
{
    public const string FileName = "config.json";

    public string[] Architectures { get; set; } = [];

    public required string ModelType { get; init; }

    public required int VocabSize { get; init; }

    public required int HiddenSize { get; init; }

    public required int NumHiddenLayers { get; init; }

    public required int NumAttentionHeads { get; init; }

    public required int IntermediateSize { get; init; }

    public required int MaxPositionEmbeddings { get; init; }

    public string HiddenAct { get; set; } = "gelu";

    public float HiddenDropoutProb { get; set; } = 0.1f;

    public float AttentionProbsDropoutProb { get; set; } = 0.1f;

    public float LayerNormEps { get; set; } = 1e-5f;

    public int TypeVocabSize { get; set; } = 1;

    public string PositionEmbeddingType { get; set; } = "absolute";

    public bool TieWordEmbeddings { get; set; } = true;

    public int BosTokenId { get; set; }

    public int PadTokenId { get; set; } = 1;

    public int EosTokenId { get; set; } = 2;

    public string TorchDtype { get; set; } = "float32";

    [JsonPropertyName("id2label")]
    public Dictionary<string, string>? LabelOfId { get; set; }

    [JsonPropertyName("label2id")]
    public Dictionary<string, int>? IdOfLabel { get; set; }

    /// <summary>Ours alone, where heads were pruned: the width of a head. Others take it for hidden / heads, and find matrices of
    /// another shape.</summary>
    public int? HeadSize { get; set; }

    /// <summary>Ours alone, in a package: how the weights are compressed. Its own reader knows what stands in it.</summary>
    [JsonPropertyName("espalier_compression")]
    public JsonElement? Compression { get; set; }

    /// <summary>Ours alone: which layers share parameters. Others see layers that happen to be equal.</summary>
    public LayerSharing LayerSharing { get; set; }

    public static string PrefixOf(NormPlacement norm) => norm == NormPlacement.Pre ? "roberta_prelayernorm." : "roberta.";

    public static RobertaConfiguration Of(EncoderConfiguration c, int bos, int pad, int eos, IReadOnlyList<string>? labels)
    {
        bool pre = c.Norm == NormPlacement.Pre;
        return new RobertaConfiguration
        {
            Architectures = [$"{(pre ? "RobertaPreLayerNorm" : "Roberta")}For{(labels == null ? "MaskedLM" : "SequenceClassification")}"],
            ModelType = pre ? "roberta-prelayernorm" : "roberta",
            VocabSize = c.Vocabulary,
            HiddenSize = c.Hidden,
            NumHiddenLayers = c.Layers,
            NumAttentionHeads = c.ActualHeads,
            HeadSize = c.ActualHeadSize * c.ActualHeads == c.Hidden ? null : c.ActualHeadSize,
            IntermediateSize = c.ActualFeedForward,
            MaxPositionEmbeddings = c.MaximumPositions + pad + 1,
            HiddenAct = NameOf(c.Activation),
            HiddenDropoutProb = c.Dropout,
            AttentionProbsDropoutProb = c.AttentionDropout,
            LayerNormEps = c.LayerNormEpsilon,
            BosTokenId = bos,
            PadTokenId = pad,
            EosTokenId = eos,
            LabelOfId = labels?.Select((label, id) => (label, id)).ToDictionary(p => $"{p.id}", p => p.label),
            IdOfLabel = labels?.Select((label, id) => (label, id)).ToDictionary(p => p.label, p => p.id),
            LayerSharing = c.Sharing,
        };
    }

    /// <summary>Reads the file's bytes.</summary>
    /// <exception cref="ModelFormatException">They are no such configuration.</exception>
    public static RobertaConfiguration Parse(string path, ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, RobertaConfigurationJson.Default.RobertaConfiguration) ?? throw new JsonException("it is null");
        }
        catch (JsonException e)
        {
            throw new ModelFormatException(path, $"is no model's configuration: {e.Message}", e);
        }
    }

    /// <summary>The classes of a classifier, in order; null for a masked language model.</summary>
    public IReadOnlyList<string>? Labels(string path)
    {
        string architecture = Architectures.FirstOrDefault() ?? "";
        if (architecture.EndsWith("ForMaskedLM", StringComparison.Ordinal))
        {
            return null;
        }

        if (!architecture.EndsWith("ForSequenceClassification", StringComparison.Ordinal))
        {
            throw new ModelFormatException(path, $"has the architecture '{architecture}'; expected one for MaskedLM or SequenceClassification");
        }

        Dictionary<string, string> labels = LabelOfId ?? [];
        return [.. Enumerable.Range(0, labels.Count).Select(id => labels.GetValueOrDefault($"{id}")
            ?? throw new ModelFormatException(path, $"id2label names {labels.Count} classes, and none with id {id}"))];
    }

    public EncoderConfiguration ToEncoder(string path)
    {
        if (ModelType is not ("roberta" or "roberta-prelayernorm"))
        {
            throw new ModelFormatException(path, $"has model_type '{ModelType}'; expected roberta or roberta-prelayernorm");
        }

        return new EncoderConfiguration
        {
            Layers = NumHiddenLayers,
            Hidden = HiddenSize,
            Heads = NumAttentionHeads,
            HeadSize = HeadSize ?? 0,
            FeedForward = IntermediateSize,
            Vocabulary = VocabSize,
            MaximumPositions = MaxPositionEmbeddings - PadTokenId - 1,
            Dropout = HiddenDropoutProb,
            AttentionDropout = AttentionProbsDropoutProb,
            Norm = ModelType == "roberta" ? NormPlacement.Post : NormPlacement.Pre,
            Sharing = LayerSharing,
            LayerNormEpsilon = LayerNormEps,
            Activation = Enum.GetValues<Activation>().Where(a => NameOf(a) == HiddenAct).Select(a => (Activation?)a).FirstOrDefault()
                ?? throw new ModelFormatException(path, $"has hidden_act '{HiddenAct}', which the engine does not know"),
        };
    }

    private static string NameOf(Activation activation) => activation.ToString().ToLowerInvariant();
}

/// <summary>How <c>config.json</c> is read and written.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RobertaConfiguration))]
internal sealed partial class RobertaConfigurationJson : JsonSerializerContext;
