using System.CommandLine;
using Espalier.Cli.CommandLine;
using Espalier.Engine.Search;
using static Espalier.Cli.CommandLine.NewOption;

namespace Espalier.Cli.Commands;

/// <summary>How translations are searched for.</summary>
internal sealed class SearchOptions
{
    private static readonly BeamSettings Defaults = new();

    private readonly Option<int> _beam = New("--beam", Defaults.Beam, "Hypotheses that are kept at each step; 1 is greedy search").Expect(b => b is >= 1 and <= 256, "1 to 256");
    private readonly Option<double> _penalty = New("--length-penalty", Defaults.LengthPenalty, "α of the length penalty ((5 + length) / 6)^α").Expect(a => a >= 0, "0 or more");
    private readonly Option<double> _lengthFactor = New("--length-factor", Defaults.LengthFactor, "Most tokens of a translation for one of its source, beside --length-offset").Expect(f => f is >= 0 and <= 100, "0 to 100");
    private readonly Option<int> _lengthOffset = New("--length-offset", Defaults.LengthOffset, "Tokens that a translation may have whatever its source").Expect(o => o >= 0, "0 or more");
    private readonly Option<int> _batch = New("--batch", Defaults.BatchSentences, "Sentences that are translated at once").Expect(b => b is >= 1 and <= 4096, "1 to 4096");

    public IEnumerable<Option> All => [_beam, _penalty, _lengthFactor, _lengthOffset, _batch];

    public BeamSettings Read(ParseResult parsed) => new()
    {
        Beam = parsed.GetValue(_beam),
        LengthPenalty = parsed.GetValue(_penalty),
        LengthFactor = parsed.GetValue(_lengthFactor),
        LengthOffset = parsed.GetValue(_lengthOffset),
        BatchSentences = parsed.GetValue(_batch),
    };
}
