using Espalier.Engine.Autograd;
using Espalier.Engine.Layers;

namespace Espalier.Engine.Models;

/// <summary>One layer of an encoder-decoder model's stacks; a decoder's has attention to the source as well.</summary>
internal sealed record TransformerLayer(
    SelfAttention Attention, LayerNorm AttentionNorm, CrossAttention? Cross, LayerNorm? CrossNorm,
    FeedForward FeedForward, LayerNorm FeedForwardNorm)
{
    /// <summary>The layer's norms in the order of its sub-layers.</summary>
    public IEnumerable<LayerNorm> Norms
        => CrossNorm == null ? [AttentionNorm, FeedForwardNorm] : [AttentionNorm, CrossNorm, FeedForwardNorm];

    /// <summary>Declares a stack; shared parts are declared with the first layer alone.</summary>
    public static TransformerLayer[] DeclareStack(
        ParameterSet parameters, EncoderDecoderConfiguration c, WeightScheme scheme, string stack, int count, bool decoder)
    {
        var layers = new TransformerLayer[count];
        for (int i = 0; i < count; i++)
        {
            TransformerLayer? first = i > 0 ? layers[0] : null;
            layers[i] = first != null && c.Sharing == LayerSharing.All
                ? first
                : Declare(parameters, c, scheme, $"{stack}.layers.{i}", i, decoder, c.Sharing == LayerSharing.Attention ? first : null);
        }

        return layers;
    }

    private static TransformerLayer Declare(
        ParameterSet parameters, EncoderDecoderConfiguration c, WeightScheme scheme, string name, int index, bool decoder, TransformerLayer? shared)
    {
        (int h, int f, int heads, int size) = (c.Hidden, c.ActualFeedForward, c.ActualHeads, c.ActualHeadSize);
        return new TransformerLayer(
            shared?.Attention ?? new SelfAttention(
                parameters, AttentionNames.Projections($"{name}.self_attn"), index, h, heads, size, c.AttentionDropout, scheme),
            shared?.AttentionNorm ?? Norm("self_attn_layer_norm"),
            !decoder ? null : shared?.Cross ?? new CrossAttention(
                parameters, AttentionNames.Projections($"{name}.encoder_attn"), h, heads, size, c.AttentionDropout, scheme),
            !decoder ? null : shared?.CrossNorm ?? Norm("encoder_attn_layer_norm"),
            new FeedForward(
                new Linear(parameters, $"{name}.fc1", h, f, scheme.Weight(h, f)),
                new Linear(parameters, $"{name}.fc2", f, h, scheme.Weight(f, h)), c.Activation),
            Norm("final_layer_norm"));

        LayerNorm Norm(string norm) => new(parameters, $"{name}.{norm}", h, c.LayerNormEpsilon);
    }
}
