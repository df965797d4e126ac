using Espalier.Engine.Memory;

namespace Espalier.Engine.Autograd;

/// <summary>
/// A value of one step: single precision, contiguous, row-major, in the tape's arena. The object and its memory are used
/// again after <see cref="Tape.Reset"/>; nothing may keep it longer.
/// </summary>
public sealed class Tensor
{
    internal Tensor()
    {
    }

    /// <summary>Its size.</summary>
    public Shape Shape { get; internal set; }

    /// <summary>Its elements.</summary>
    public DeviceSpan<float> Data { get; internal set; }

    /// <summary>
    /// The loss's gradient with respect to it, laid out as <see cref="Data"/>; empty before the backward pass reaches it
    /// and after it has passed.
    /// </summary>
    public DeviceSpan<float> Gradient { get; internal set; }
}
