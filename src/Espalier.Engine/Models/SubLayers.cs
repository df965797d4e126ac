using Espalier.Engine.Autograd;
using Espalier.Engine.Layers;

namespace Espalier.Engine.Models;

/// <summary>
/// The residual stream through a stack. Pre-norm and post-norm differ only in which norm follows a sub-layer and in what
/// is carried on, so that a stack is written once for both.
/// </summary>
/// <param name="placement">Where norms stand.</param>
/// <param name="norms">Each sub-layer's own norm, in order.</param>
/// <param name="final">The norm at the end of a pre-norm stack; null for post-norm.</param>
/// <param name="dropout">Dropout of sub-layer outputs.</param>
internal sealed class SubLayers(NormPlacement placement, IReadOnlyList<LayerNorm> norms, LayerNorm? final, float dropout)
{
    /// <summary>Residual stream and first sub-layer's input from the embeddings.</summary>
    public (Tensor Residual, Tensor Input) Begin(Tape tape, Tensor embeddingsNH)
        => (embeddingsNH, placement == NormPlacement.Pre ? norms[0].Apply(tape, embeddingsNH) : embeddingsNH);

    /// <summary>The same after sub-layer <paramref name="index"/> gave <paramref name="output"/>; after the last one, the
    /// input is the stack's result.</summary>
    public (Tensor Residual, Tensor Input) Advance(Tape tape, int index, Tensor residual, Tensor output)
    {
        LayerNorm norm = placement == NormPlacement.Post ? norms[index] : index + 1 < norms.Count ? norms[index + 1] : final!;
        (Tensor sum, Tensor normed) = norm.ApplyToResidual(tape, residual, output, dropout);
        return (placement == NormPlacement.Pre ? sum : normed, normed);
    }
}
