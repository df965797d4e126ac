namespace Espalier.Training;

/// <summary>Progress that is told at once, by the thread that reports it: <see cref="Progress{T}"/> tells it later, in any order.</summary>
/// <param name="tell">Told of it.</param>
public sealed class Relay<T>(Action<T> tell) : IProgress<T>
{
    /// <inheritdoc/>
    public void Report(T value) => tell(value);
}
