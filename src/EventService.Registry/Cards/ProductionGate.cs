using EventService.Registry.Aliases;
using EventService.Registry.Databases;
using EventService.Registry.Tables;

using Microsoft.EntityFrameworkCore;

namespace EventService.Registry.Cards;

/// <summary>
/// What a version must show before requests get it by default: a last validation card that passes, or somebody who answers for it.
/// </summary>
internal static class ProductionGate
{
    /// <summary>
    /// The grounds on which the alias may mean this version, one of <see cref="AliasGrounds"/>; null for an alias without a gate.
    /// </summary>
    /// <exception cref="RegistryException">There are none.</exception>
    public static async Task<string?> PassAsync(
        RegistryContext context, string model, ModelVersion version, string alias, bool byOverride, CancellationToken cancellationToken)
    {
        if (alias != ModelAlias.Production)
        {
            return null;
        }

        var card = await context.Cards.AsNoTracking().Where(c => c.VersionId == version.Id).OrderByDescending(c => c.Id).FirstOrDefaultAsync(cancellationToken);
        if (card is { Passed: true })
        {
            return AliasGrounds.Card;
        }

        if (byOverride)
        {
            return AliasGrounds.Override;
        }

        var found = card is null ? "has no validation card." : $"has a validation card that does not pass: {CardCheck.WhyNot(card.Content)}";
        throw new RegistryException(RegistryFault.NotValidated,
            $"Version {version.Number} of model '{model}' {found} Expected one that passes before '{alias}' may mean it. "
            + "Evaluate it ('eventservice evaluate') and add the card, or move the alias with an override, which the history records.");
    }
}
