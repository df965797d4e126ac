using System.Text.Json;
using System.Text.Json.Serialization;
using Espalier.Engine.Kernels;
using Espalier.Engine.Models;
using Espalier.Text.Tokenization;

namespace Espalier.Training.Runs;

/// <summary>What stands on an encoder.</summary>
/// <param name="Labels">The classes of a classifier, in order; null for masked language modelling.</param>
public sealed record ModelHead(IReadOnlyList<string>? Labels)
{
    /// <summary>Prediction of masked tokens.</summary>
    public static ModelHead MaskedLanguageModel { get; } = new(Labels: null);

    /// <summary>Classification.</summary>
    public static ModelHead Classifier(IReadOnlyList<string> labels) => new(labels);
}

/// <summary><c>config.json</c> with Hugging Face's names.</summary>
internal sealed record ModelConfiguration
{
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

    public static ModelConfiguration Of(EncoderConfiguration c, Tokenizer tokenizer, ModelHead head)
    {
        bool pre = c.Norm == NormPlacement.Pre;
        return new ModelConfiguration
        {
            Architectures = [$"{(pre ? "RobertaPreLayerNorm" : "Roberta")}For{(head.Labels == null ? "MaskedLM" : "SequenceClassification")}"],
            ModelType = pre ? "roberta-prelayernorm" : "roberta",
            VocabSize = c.Vocabulary,
            HiddenSize = c.Hidden,
            NumHiddenLayers = c.Layers,
            NumAttentionHeads = c.ActualHeads,
            HeadSize = c.ActualHeadSize * c.ActualHeads == c.Hidden ? null : c.ActualHeadSize,
            IntermediateSize = c.ActualFeedForward,
            MaxPositionEmbeddings = c.MaximumPositions + tokenizer.Special.Pad + 1,
            HiddenAct = NameOf(c.Activation),
            HiddenDropoutProb = c.Dropout,
            AttentionProbsDropoutProb = c.AttentionDropout,
            LayerNormEps = c.LayerNormEpsilon,
            BosTokenId = tokenizer.Special.Bos,
            PadTokenId = tokenizer.Special.Pad,
            EosTokenId = tokenizer.Special.Eos,
            LabelOfId = head.Labels?.Select((label, id) => (label, id)).ToDictionary(p => $"{p.id}", p => p.label),
            IdOfLabel = head.Labels?.Select((label, id) => (label, id)).ToDictionary(p => p.label, p => p.id),
            LayerSharing = c.Sharing,
        };
    }

    public EncoderConfiguration ToEncoder(string path)
    {
        if (ModelType is not ("roberta" or "roberta-prelayernorm"))
        {
            throw new RunException(path, $"has model_type '{ModelType}'; expected roberta or roberta-prelayernorm");
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
                ?? throw new RunException(path, $"has hidden_act '{HiddenAct}', which the engine does not know"),
        };
    }

    private static string NameOf(Activation activation) => activation.ToString().ToLowerInvariant();
}

/// <summary>How <c>config.json</c> is read and written.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ModelConfiguration))]
internal sealed partial class ModelConfigurationJson : JsonSerializerContext;
