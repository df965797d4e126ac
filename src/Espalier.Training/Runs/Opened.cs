namespace Espalier.Training.Runs;

/// <summary>What is opened piece by piece for one owner: if a later piece fails, those before it are closed.</summary>
public sealed class Opened : IDisposable
{
    private readonly Stack<IDisposable> _pieces = [];

    /// <summary>One more piece.</summary>
    /// <returns>The piece.</returns>
    public T Add<T>(T piece)
        where T : IDisposable
    {
        _pieces.Push(piece);
        return piece;
    }

    /// <summary>Nothing failed: from now on the pieces are <paramref name="owner"/>'s.</summary>
    /// <returns>The owner.</returns>
    public T HandOver<T>(T owner)
    {
        _pieces.Clear();
        return owner;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        while (_pieces.TryPop(out IDisposable? piece))
        {
            piece.Dispose();
        }
    }
}
